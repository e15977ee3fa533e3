from stage.case import ACCOUNT_STATE, GOOD, REJECTED, table

USER = "dwho@dex.test"
# The connectors go by their ids.
LOCAL = ("--login-option", "local")
MOCK = ("--login-option", "mock-password")
KEYCLOAK = ("--login-option", "keycloak")
CONSENT = ("--accept-consent",)
BOTH = {"adapter": "dex+keycloak", "providers": ("dex", "keycloak"), "options": (*KEYCLOAK, *CONSENT)}

CASES = table(
    "dex",
    ("dex",),
    [
        ("dex-skip", "OIDC query", "good", USER, "dwho-at-dex", GOOD, 7),
        ("dex-skip", "OIDC query", "wrong password", USER, "bad", REJECTED, 5),
        ("dex", "OIDC query", "consent", USER, "dwho-at-dex", GOOD, 9, {"options": (*LOCAL, *CONSENT)}),
        ("dex", "OIDC query", "another connector", "mock", "mock-at-dex", GOOD, 9, {"options": (*MOCK, *CONSENT)}),
        ("dex", "OIDC query", "Keycloak behind it", "amy", "amy-at-corp", GOOD, 10, BOTH),
        ("dex", "OIDC query", "consent refused", USER, "dwho-at-dex", ACCOUNT_STATE, 6, {"options": LOCAL}),
    ],
)
