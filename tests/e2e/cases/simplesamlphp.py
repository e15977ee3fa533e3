from stage.case import GOOD, REJECTED, table

CASES = table(
    "simplesamlphp",
    ("simplesamlphp",),
    [
        ("simplesamlphp", "SAML", "good", "dwho", "dwho-at-partner", GOOD, 7),
        ("simplesamlphp", "SAML", "odd signs", "odd+user@example.org", "p@ss&w<rd =é%", GOOD, 7),
        ("simplesamlphp", "SAML", "wrong password", "dwho", "dwho-at-corp", REJECTED, 5),
        ("simplesamlphp-consent", "SAML", "consent", "dwho", "dwho-at-partner", GOOD, 9, {"options": ("--accept-consent",)}),
    ],
)
