"""What every peer is asked for. A table has a row for each of these, or says in `CANNOT` why it cannot happen there."""

STATES = (
    "password",
    "wrong password",
    "locked or disabled",
    "expired or action required",
    "TOTP",
    "wrong TOTP",
    "consent",
    "consent refused",
    "session present",
    "another language",
    "OIDC query",
    "OIDC form_post",
    "SAML",
)


def complaints(tables):
    """One line for each state of a peer that has neither rows nor a reason, or both; `tables` are the modules in cases/"""
    return [f"{peer}: {problem}" for peer, table in tables.items() for problem in of_one(table)]


def of_one(table):
    shown = {state for case in table.CASES for state in case.states}
    said = {state for case in table.CASES for state in case.covers} | set(table.CANNOT)
    found = [f"there is no state {state!r}" for state in sorted(said - set(STATES))]
    for state in STATES:
        if state in shown and state in table.CANNOT:
            found.append(f"{state!r} has a row, though it cannot happen")
        if state not in shown and not table.CANNOT.get(state):
            found.append(f"{state!r} has no row, and no reason why it cannot happen")
    return found


def reasons(tables):
    """One line for each state that cannot happen, in the order above"""
    for peer, table in tables.items():
        for state in STATES:
            if state in table.CANNOT:
                yield f"cannot happen: {peer.replace('_', '-')}: {state}: {table.CANNOT[state]}"
