"""The users of both realms. One name has two passwords: a login that mixes up the realms is refused."""

import json

# In base32, as doorward takes it: GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ
SEED = "12345678901234567890"


def corp():
    return [
        user("dwho", "corp", id="1c5f6f35-44a6-4a0c-8a8e-2f5c5bd6d0aa"),
        user("amy", "corp"),
        user("bill", "corp"),
        user("totp", "corp", otp=["ci"]),
        # The seed is that of the second; the first one's nobody has.
        user("two", "corp", otp=["phone", "ci"]),
        user("password", "corp", requiredActions=["UPDATE_PASSWORD"]),
        user("enrol", "corp", requiredActions=["CONFIGURE_TOTP"]),
        user("terms", "corp", requiredActions=["TERMS_AND_CONDITIONS"]),
        user("profile", "corp", email=None, firstName=None, lastName=None),
        user("disabled", "corp", enabled=False),
        user("locked", "corp"),
        user("wrong", "corp"),
    ]


def branch():
    # The same person as at head office: the two accounts are linked, so that no page has to ask.
    linked = {"identityProvider": "corp", "userId": corp()[0]["id"], "userName": "dwho"}
    return [user("dwho", "branch", federatedIdentities=[linked])]


def user(name, realm, otp=(), **more):
    fields = {
        "username": name,
        "email": f"{name}@{realm}.test",
        "emailVerified": True,
        "firstName": name.capitalize(),
        "lastName": "User",
        "enabled": True,
        "realmRoles": ["offline_access"],
        "credentials": [{"type": "password", "value": f"{name}-at-{realm}"}, *map(device, otp)],
    }
    return {key: value for key, value in (fields | more).items() if value is not None}


def device(label):
    seed = SEED if label == "ci" else label * 4
    settings = {"subType": "totp", "digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1"}
    return {
        "type": "otp",
        "userLabel": label,
        "secretData": json.dumps({"value": seed}),
        "credentialData": json.dumps(settings),
    }
