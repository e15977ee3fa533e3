from stage.case import ACCOUNT_STATE, GOOD, REJECTED, table

CONSENT = {"options": ("--accept-consent",)}
FACTOR = "the one second factor that Debian packages is a YubiKey, whose codes only its maker's servers can check"
OIDC = "as Debian packages it, it is a provider for SAML; OpenID Connect is a module that is not among them"
CANNOT = {"TOTP": FACTOR, "wrong TOTP": FACTOR, "OIDC query": OIDC, "OIDC form_post": OIDC}

# `form` reads its pages, too; the development pages of oidc-provider refuse nobody.
GENERIC = {"adapter": "form"}

# There is no store that could remember a consent.
CASES = table(
    "simplesamlphp",
    ("simplesamlphp",),
    [
        ("simplesamlphp", "SAML", "password", "dwho", "dwho-at-partner", GOOD, 7),
        ("simplesamlphp", "SAML", "password: odd signs", "odd+user@example.org", "p@ss&w<rd =é%", GOOD, 7),
        ("simplesamlphp", "SAML", "wrong password", "dwho", "wrong-password", REJECTED, 5),
        ("simplesamlphp", "SAML", "password: read as any form", "dwho", "dwho-at-partner", GOOD, 7, GENERIC),
        ("simplesamlphp", "SAML", "wrong password: read as any form", "dwho", "wrong-password", REJECTED, 5, GENERIC),
        ("simplesamlphp", "SAML", "locked or disabled", "dorothy", "dorothy-at-partner", ACCOUNT_STATE, 6),
        ("simplesamlphp", "SAML", "expired or action required: expired", "edith", "edith-at-partner", ACCOUNT_STATE, 6),
        ("simplesamlphp", "SAML", "a message: the account expires soon", "wilhelm", "wilhelm-at-partner", GOOD, 9),
        ("simplesamlphp-consent", "SAML", "consent", "dwho", "dwho-at-partner", GOOD, 9, CONSENT),
        ("simplesamlphp-consent", "SAML", "consent refused", "dwho", "dwho-at-partner", ACCOUNT_STATE, 6),
        ("simplesamlphp-german", "SAML", "another language: German", "dwho", "dwho-at-partner", GOOD, 7),
        ("simplesamlphp-german", "SAML", "another language: German, and a wrong password", "dwho", "wrong-password", REJECTED, 5),
        ("simplesamlphp-session", "SAML", "session present", "dwho", "dwho-at-partner", GOOD, 13, {"past": "simplesamlphp"}),
    ],
)
