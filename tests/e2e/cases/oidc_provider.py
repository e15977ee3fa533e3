from stage.case import GOOD, table

CONSENT = {"options": ("--accept-consent",)}

# Its development pages take any password, and ask for a consent.
CASES = table(
    "form",
    ("oidc-provider",),
    [
        ("oidc-provider", "OIDC query", "consent", "dwho", "any", GOOD, 10, CONSENT),
        ("oidc-provider-post", "OIDC form_post", "consent", "dwho", "any", GOOD, 10, CONSENT),
    ],
)
