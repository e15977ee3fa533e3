from stage.case import ACCOUNT_STATE, GOOD, REJECTED, table

USER = "dwho@dex.test"
CONSENT = ("--accept-consent",)
FACTOR = "no release has second factors; behind a connector they are the other provider's"
CANNOT = {
    "TOTP": FACTOR,
    "wrong TOTP": FACTOR,
    "session present": "it keeps no sessions, and asks for the password at every login",
    "another language": "its pages are in English only",
    "OIDC form_post": "it takes no notice of the response_mode, and always redirects",
    "SAML": "it speaks OpenID Connect only; SAML is among its connectors",
}


def connector(name, *more):
    """They go by their ids"""
    return {"options": ("--login-option", name, *more)}


DIRECTORY = connector("directory", *CONSENT) | {"needs": ("lemonldap",)}
KEYCLOAK = connector("keycloak", *CONSENT) | {"adapter": "dex+keycloak", "providers": ("dex", "keycloak")}
FILE = (("dex.test/dex", USER, "dwho-at-dex"), ("keycloak.test/realms/corp", "amelia", "amelia-at-corp"))
WRONG_FILE = (FILE[0], (*FILE[1][:2], "wrong-password"))

# The directory is that of LemonLDAP::NG, whose answers Dex does not tell apart.
CASES = table(
    "dex",
    ("dex",),
    [
        ("dex-skip", "OIDC query", "password", USER, "dwho-at-dex", GOOD, 7),
        ("dex-skip", "OIDC query", "wrong password", USER, "wrong-password", REJECTED, 5),
        ("dex", "OIDC query", "consent", USER, "dwho-at-dex", GOOD, 9, connector("local", *CONSENT)),
        ("dex", "OIDC query", "consent refused", USER, "dwho-at-dex", ACCOUNT_STATE, 6, connector("local")),
        ("dex", "OIDC query", "another connector", "monica", "monica-at-dex", GOOD, 9, connector("mock-password", *CONSENT)),
        ("dex", "OIDC query", "password: of a directory", "dwho", "dwho-at-lemonldap", GOOD, 9, DIRECTORY),
        ("dex", "OIDC query", "wrong password: of a directory", "dwho", "wrong-password", REJECTED, 5, DIRECTORY),
        ("dex", "OIDC query", "locked or disabled", "louise", "louise-at-lemonldap", REJECTED, 5, DIRECTORY),
        ("dex", "OIDC query", "expired or action required: expired", "edith", "edith-at-lemonldap", REJECTED, 5, DIRECTORY),
        ("dex", "OIDC query", "Keycloak behind it", "amelia", "amelia-at-corp", GOOD, 10, KEYCLOAK),
        ("dex", "OIDC query", "Keycloak behind it: with a file", "", "", GOOD, 10, KEYCLOAK | {"file": FILE}),
        ("dex", "OIDC query", "Keycloak behind it: a wrong password", "", "", REJECTED, 5, KEYCLOAK | {"file": WRONG_FILE}),
    ],
)
