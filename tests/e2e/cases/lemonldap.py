from peers.lemonldap import TOTP_SEED
from stage.case import ACCOUNT_STATE, GOOD, REJECTED, UNSUPPORTED, table

TOTP = {"seed": TOTP_SEED}
CONSENT = {"options": ("--accept-consent",)}

CASES = table(
    "lemonldap",
    ("lemonldap",),
    [
        ("lemonldap", "OIDC query", "good", "dwho", "dwho-at-lemonldap", GOOD, 5),
        ("lemonldap", "OIDC query", "wrong password", "dwho", "bad", REJECTED, 3),
        ("lemonldap", "OIDC query", "TOTP", "totp", "totp-at-lemonldap", GOOD, 7, TOTP),
        ("lemonldap", "OIDC query", "TOTP without a seed", "totp", "totp-at-lemonldap", UNSUPPORTED, 3),
        ("lemonldap", "OIDC query", "blocked", "blocked", "blocked-at-lemonldap", ACCOUNT_STATE, 3),
        ("lemonldap", "OIDC query", "locked", "locked", "locked-at-lemonldap", ACCOUNT_STATE, 3),
        ("lemonldap", "OIDC query", "password expired", "expired", "expired-at-lemonldap", ACCOUNT_STATE, 3),
        ("lemonldap", "OIDC query", "password to be changed", "reset", "reset-at-lemonldap", ACCOUNT_STATE, 3),
        ("lemonldap-consent", "OIDC query", "consent", "dwho", "dwho-at-lemonldap", GOOD, (6, 5), CONSENT),
        ("lemonldap-saml", "SAML", "good", "dwho", "dwho-at-lemonldap", GOOD, 6),
        ("lemonldap-saml", "SAML", "TOTP", "totp", "totp-at-lemonldap", GOOD, 8, TOTP),
    ],
)
