from peers.keycloak import NAME
from stage.case import ACCOUNT_STATE, GOOD, REJECTED, UNSUPPORTED, table

# users.py's seed, in base32.
TOTP = {"seed": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}
CONSENT = {"options": ("--accept-consent",)}

# A disabled account is shown as a wrong password is, but for the text. So is one that three failures have locked: hence the
# user "wrong", whom each run refuses twice, and "locked", whose right password comes fourth.
CASES = table(
    "keycloak",
    (NAME,),
    [
        ("keycloak", "OIDC query", "good", "dwho", "dwho-at-corp", GOOD, 5),
        ("keycloak", "OIDC query", "wrong password", "wrong", "dwho-at-corp", REJECTED, 3),
        ("keycloak", "OIDC query", "the other realm's password", "wrong", "dwho-at-branch", REJECTED, 3),
        ("keycloak", "OIDC query", "TOTP", "totp", "totp-at-corp", GOOD, 6, TOTP),
        ("keycloak", "OIDC query", "TOTP without a seed", "totp", "totp-at-corp", UNSUPPORTED, 3),
        ("keycloak", "OIDC query", "disabled", "disabled", "disabled-at-corp", REJECTED, 3),
        ("keycloak", "OIDC query", "password to be changed", "password", "password-at-corp", ACCOUNT_STATE, 4),
        ("keycloak", "OIDC query", "app to be enrolled", "enrol", "enrol-at-corp", ACCOUNT_STATE, 4),
        ("keycloak", "OIDC query", "terms to be accepted", "terms", "terms-at-corp", ACCOUNT_STATE, 4),
        ("keycloak", "OIDC query", "profile to be filled in", "profile", "profile-at-corp", ACCOUNT_STATE, 4),
        ("keycloak", "OIDC query", "first failure", "locked", "1", REJECTED, 3),
        ("keycloak", "OIDC query", "second failure", "locked", "2", REJECTED, 3),
        ("keycloak", "OIDC query", "third failure", "locked", "3", REJECTED, 3),
        ("keycloak", "OIDC query", "locked", "locked", "locked-at-corp", REJECTED, 3),
        ("keycloak-post", "OIDC form_post", "good", "dwho", "dwho-at-corp", GOOD, 5),
        ("keycloak-consent", "OIDC query", "consent refused", "bill", "bill-at-corp", ACCOUNT_STATE, 4),
        ("keycloak-consent", "OIDC query", "consent", "amy", "amy-at-corp", GOOD, (7, 5), CONSENT),
        ("keycloak-saml", "SAML", "good", "dwho", "dwho-at-corp", GOOD, 6),
        ("keycloak-branch", "OIDC query", "good", "dwho", "dwho-at-branch", GOOD, 5),
        ("keycloak-branch", "OIDC query", "the other realm's password", "dwho", "dwho-at-corp", REJECTED, 3),
        ("keycloak-branch-to-keycloak", "OIDC query", "brokered", "dwho", "dwho-at-corp", GOOD, 8),
    ],
) + table(
    "simplesamlphp",
    ("simplesamlphp",),
    [
        ("keycloak-branch-to-simplesamlphp", "OIDC query", "brokered by SAML", "dwho", "dwho-at-partner", GOOD, (11, 9)),
    ],
    via=(NAME,),
)
