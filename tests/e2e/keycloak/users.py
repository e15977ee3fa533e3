"""The users of both realms. One name has two passwords: a login that mixes up the realms is refused."""

import base64
import json


def corp():
    return [
        user("dwho", "corp", id="1c5f6f35-44a6-4a0c-8a8e-2f5c5bd6d0aa"),
        user("amelia", "corp"),
        user("bertram", "corp"),
        user("tabitha", "corp", otp=["ci"]),
        user("theodore", "corp", otp=["ci"]),
        user("thelma", "corp", otp=["ci"]),
        user("twyla", "corp", otp=["phone", "ci"]),
        user("paulina", "corp", requiredActions=["UPDATE_PASSWORD"]),
        user("erwin", "corp", requiredActions=["CONFIGURE_TOTP"]),
        user("terrence", "corp", requiredActions=["TERMS_AND_CONDITIONS"]),
        user("petra", "corp", email=None, firstName=None, lastName=None),
        user("dorothy", "corp", enabled=False),
        user("louise", "corp"),
        user("wanda", "corp"),
    ]


def branch():
    # The same person as at head office: the two accounts are linked, so that no page has to ask.
    links = [
        {"identityProvider": alias, "userId": corp()[0]["id"], "userName": "dwho"} for alias in ("corp", "corp-and-own")
    ]
    # The same name, but nothing says that it is the same person.
    return [user("dwho", "branch", federatedIdentities=links), user("amelia", "branch")]


def user(name, realm, otp=(), **more):
    fields = {
        "username": name,
        "email": f"{name}@{realm}.test",
        "emailVerified": True,
        "firstName": name.capitalize(),
        "lastName": "User",
        "enabled": True,
        "realmRoles": ["offline_access"],
        "credentials": [{"type": "password", "value": f"{name}-at-{realm}"}, *(device(name, label) for label in otp)],
    }
    return {key: value for key, value in (fields | more).items() if value is not None}


def device(name, label):
    settings = {"subType": "totp", "digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1"}
    return {
        "type": "otp",
        "userLabel": label,
        "secretData": json.dumps({"value": secret(name, label)}),
        "credentialData": json.dumps(settings),
    }


def secret(name, label):
    return f"{name}.{label}".ljust(20, ".")


def seed(name, label="ci"):
    """What the app of a user has, in base32, as doorward takes it; each has its own, so that no login waits for another's code"""
    return base64.b32encode(secret(name, label).encode()).decode()
