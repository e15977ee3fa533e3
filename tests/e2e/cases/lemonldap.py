from peers.lemonldap import SEEDS
from stage.case import ACCOUNT_STATE, GOOD, REJECTED, UNSUPPORTED, table

CONSENT = {"options": ("--accept-consent",)}
# An app that nobody has.
NO_APP = {"seed": "mjxxq3dpnzsxg5lsmuqgs4zanvqxgzlt"}
CANNOT = {}

# A message stands before the way back where that is a form; before a redirect nobody would see it.
CASES = table(
    "lemonldap",
    ("lemonldap",),
    [
        ("lemonldap", "OIDC query", "password", "dwho", "dwho-at-lemonldap", GOOD, 5),
        ("lemonldap", "OIDC query", "wrong password", "dwho", "wrong-password", REJECTED, 3),
        ("lemonldap", "OIDC query", "another language: French", "bertram", "bertram-at-lemonldap", GOOD, 5),
        ("lemonldap", "OIDC query", "TOTP", "tabitha", "tabitha-at-lemonldap", GOOD, 7, {"seed": SEEDS["tabitha"]}),
        ("lemonldap", "OIDC query", "wrong TOTP", "theodore", "theodore-at-lemonldap", REJECTED, 4, NO_APP),
        ("lemonldap", "OIDC query", "TOTP: no seed", "tabitha", "tabitha-at-lemonldap", UNSUPPORTED, 3),
        ("lemonldap", "OIDC query", "locked or disabled: locked", "louise", "louise-at-lemonldap", ACCOUNT_STATE, 3),
        ("lemonldap", "OIDC query", "locked or disabled: by a rule", "bruno", "bruno-at-lemonldap", ACCOUNT_STATE, 3),
        ("lemonldap", "OIDC query", "locked or disabled: with a message", "ingrid", "ingrid-at-lemonldap", ACCOUNT_STATE, 3),
        ("lemonldap", "OIDC query", "expired or action required: expired", "edith", "edith-at-lemonldap", ACCOUNT_STATE, 3),
        ("lemonldap", "OIDC query", "expired or action required: to be changed", "rosalind", "rosalind-at-lemonldap",
            ACCOUNT_STATE, 3),
        ("lemonldap-post", "OIDC form_post", "password", "dwho", "dwho-at-lemonldap", GOOD, 5),
        ("lemonldap-post", "OIDC form_post", "a message: the password expires soon", "wilhelm", "wilhelm-at-lemonldap", GOOD, 5),
        ("lemonldap-session", "OIDC query", "session present", "dwho", "dwho-at-lemonldap", GOOD, 10, {"past": "lemonldap"}),
        ("lemonldap-consent", "OIDC query", "consent refused", "bertram", "bertram-at-lemonldap", ACCOUNT_STATE, 3),
        ("lemonldap-consent", "OIDC query", "consent", "dwho", "dwho-at-lemonldap", GOOD, (6, 5), CONSENT),
        ("lemonldap-saml", "SAML", "password", "dwho", "dwho-at-lemonldap", GOOD, 6),
        ("lemonldap-saml", "SAML", "wrong password", "dwho", "wrong-password", REJECTED, 4),
        ("lemonldap-saml", "SAML", "locked or disabled: with a message", "ingrid", "ingrid-at-lemonldap", ACCOUNT_STATE, 4),
        ("lemonldap-saml", "SAML", "a message: the password expires soon", "wilhelm", "wilhelm-at-lemonldap", GOOD, 6),
        ("lemonldap-saml", "SAML", "TOTP", "thelma", "thelma-at-lemonldap", GOOD, 8, {"seed": SEEDS["thelma"]}),
    ],
)
