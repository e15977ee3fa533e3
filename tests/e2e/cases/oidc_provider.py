from stage.case import ACCOUNT_STATE, GOOD, table
from stage.places import url

CONSENT = {"options": ("--accept-consent",)}
PAST = ("--via", url("oidc-provider.portal.test"))
SESSION = {"past": "oidc-provider", "options": ("--accept-consent", *PAST)}
ANY = "its development pages, the only ones that it brings, take any name and password"
CANNOT = {
    "wrong password": ANY,
    "locked or disabled": ANY,
    "expired or action required": ANY,
    "TOTP": "a second factor would be a page of the operator's own",
    "wrong TOTP": "a second factor would be a page of the operator's own",
    "another language": "its development pages are in English only",
    "SAML": "it speaks OpenID Connect only",
}

# It asks for a consent each time, but for what was granted to an application in the same session. Who may get a code after a
# consent, doorward wants to be told.
CASES = table(
    "form",
    ("oidc-provider",),
    [
        ("oidc-provider", "OIDC query", "consent", "dwho", "dwho-at-any", GOOD, 10, CONSENT | {"covers": ("password",)}),
        ("oidc-provider", "OIDC query", "consent refused", "dwho", "dwho-at-any", ACCOUNT_STATE, 6),
        ("oidc-provider-post", "OIDC form_post", "consent", "dwho", "dwho-at-any", GOOD, 10, CONSENT),
        ("oidc-provider-session", "OIDC query", "session present", "dwho", "dwho-at-any", GOOD, 15, SESSION),
    ],
)
