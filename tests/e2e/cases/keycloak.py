import secrets

from keycloak.users import seed
from peers.keycloak import NAME
from stage.case import ACCOUNT_STATE, CONFIG, GOOD, REJECTED, UNSUPPORTED, table

CONSENT = {"options": ("--accept-consent",)}
# By its label as a login option, or by its alias.
HEAD_OFFICE = ("--login-option", "Head office")
# An app that nobody has. Two runs would wait for each other's codes if it were the same.
NO_APP = {"seed": seed(secrets.token_hex(5))}
CANNOT = {}

# The tables of credentials files.
CORP = ("keycloak.test/realms/corp", "dwho", "dwho-at-corp")
BRANCH = ("keycloak.test/realms/branch", "dwho", "dwho-at-branch")
PARTNER = ("simplesamlphp.test", "dwho", "dwho-at-partner")
NO_CORP = (*CORP[:2], "wrong-password")
NO_BRANCH = (*BRANCH[:2], "wrong-password")
NO_PARTNER = (*PARTNER[:2], "wrong-password")
WITH_APP = (CORP[0], "thelma", "thelma-at-corp", seed("thelma"))
# The two realms mixed up.
SWAPPED = ((*CORP[:2], BRANCH[2]), (*BRANCH[:2], CORP[2]))
# Both realms have her, but nobody has said that she is one person.
STRANGER = ((CORP[0], "amelia", "amelia-at-corp"), (BRANCH[0], "amelia", "amelia-at-branch"))

# A disabled account is shown as a wrong password is, but for the text. So is one that three failures have locked: hence wanda,
# whom each run refuses twice, and louise, whose right password comes fourth. A code is a failure, too, but two in vain do not lock
# theodore, and his right one wipes them out.
CASES = table(
    "keycloak",
    (NAME,),
    [
        ("keycloak", "OIDC query", "password", "dwho", "dwho-at-corp", GOOD, 5),
        ("keycloak", "OIDC query", "wrong password", "wanda", "wrong-password", REJECTED, 3),
        ("keycloak", "OIDC query", "wrong password: the other realm's", "wanda", "dwho-at-branch", REJECTED, 3),
        ("keycloak", "OIDC query", "TOTP", "tabitha", "tabitha-at-corp", GOOD, 6, {"seed": seed("tabitha")}),
        ("keycloak", "OIDC query", "wrong TOTP", "theodore", "theodore-at-corp", REJECTED, 5, NO_APP),
        ("keycloak", "OIDC query", "TOTP: after wrong ones", "theodore", "theodore-at-corp", GOOD, 6, {"seed": seed("theodore")}),
        ("keycloak", "OIDC query", "TOTP: no seed", "tabitha", "tabitha-at-corp", UNSUPPORTED, 3),
        ("keycloak", "OIDC query", "TOTP: two apps, one chosen", "twyla", "twyla-at-corp", GOOD, 6,
            {"seed": seed("twyla"), "options": ("--login-option", "ci")}),
        ("keycloak", "OIDC query", "TOTP: two apps, none chosen", "twyla", "twyla-at-corp", CONFIG, 3, {"seed": seed("twyla")}),
        ("keycloak", "OIDC query", "locked or disabled: disabled", "dorothy", "dorothy-at-corp", REJECTED, 3),
        ("keycloak", "OIDC query", "expired or action required: a new password", "paulina", "paulina-at-corp", ACCOUNT_STATE, 4),
        ("keycloak", "OIDC query", "expired or action required: an app", "erwin", "erwin-at-corp", ACCOUNT_STATE, 4),
        ("keycloak", "OIDC query", "expired or action required: terms", "terrence", "terrence-at-corp", ACCOUNT_STATE, 4),
        ("keycloak", "OIDC query", "expired or action required: a profile", "petra", "petra-at-corp", ACCOUNT_STATE, 4),
        ("keycloak", "OIDC query", "wrong password: the first time", "louise", "wrong-password", REJECTED, 3),
        ("keycloak", "OIDC query", "wrong password: the second time", "louise", "wrong-password", REJECTED, 3),
        ("keycloak", "OIDC query", "wrong password: the third time", "louise", "wrong-password", REJECTED, 3),
        ("keycloak", "OIDC query", "locked or disabled: locked", "louise", "louise-at-corp", REJECTED, 3),
        ("keycloak-post", "OIDC form_post", "password", "dwho", "dwho-at-corp", GOOD, 5),
        ("keycloak-session", "OIDC query", "session present", "dwho", "dwho-at-corp", GOOD, 10, {"past": "keycloak"}),
        ("keycloak-consent", "OIDC query", "consent refused", "bertram", "bertram-at-corp", ACCOUNT_STATE, 4),
        ("keycloak-consent", "OIDC query", "consent", "amelia", "amelia-at-corp", GOOD, (7, 5), CONSENT),
        ("keycloak-saml", "SAML", "password", "dwho", "dwho-at-corp", GOOD, 6),
        ("keycloak-saml", "SAML", "wrong password", "wanda", "wrong-password", REJECTED, 4),
        ("keycloak-branch", "OIDC query", "another language: German", "dwho", "dwho-at-branch", GOOD, 5),
        ("keycloak-branch", "OIDC query", "another language: German, and a wrong password", "dwho", "dwho-at-corp", REJECTED, 3),
        ("keycloak-branch-to-keycloak", "OIDC query", "brokered", "dwho", "dwho-at-corp", GOOD, 8),
        ("keycloak-branch-to-keycloak", "OIDC query", "brokered: with a file", "", "", GOOD, 8, {"file": (CORP, BRANCH)}),
        ("keycloak-branch-to-keycloak", "OIDC query", "brokered: with an app", "", "", GOOD, (11, 9), {"file": (BRANCH, WITH_APP)}),
        ("keycloak-branch-to-keycloak", "OIDC query", "brokered: each with the other's", "", "", REJECTED, 5, {"file": SWAPPED}),
        ("keycloak-branch-to-keycloak", "OIDC query", "brokered: to be linked by a person", "", "", ACCOUNT_STATE, 7,
            {"file": STRANGER}),
        ("keycloak-branch", "OIDC query", "brokered: head office chosen", "", "", GOOD, 8,
            {"file": (CORP, BRANCH), "options": HEAD_OFFICE}),
        ("keycloak-branch-and-own-to-keycloak", "OIDC query", "two passwords", "", "", GOOD, 11, {"file": (BRANCH, CORP)}),
        ("keycloak-branch-and-own-to-keycloak", "OIDC query", "two passwords: the first wrong", "", "", REJECTED, 5,
            {"file": (BRANCH, NO_CORP)}),
        ("keycloak-branch-and-own-to-keycloak", "OIDC query", "two passwords: the second wrong", "", "", REJECTED, 8,
            {"file": (NO_BRANCH, CORP)}),
    ],
) + table(
    "simplesamlphp",
    ("simplesamlphp",),
    [
        ("keycloak-branch-to-simplesamlphp", "OIDC query", "brokered by SAML", "dwho", "dwho-at-partner", GOOD, (11, 9)),
        ("keycloak-branch-to-simplesamlphp", "OIDC query", "brokered by SAML: with a file", "", "", GOOD, (11, 9),
            {"file": (BRANCH, PARTNER)}),
        ("keycloak-branch-to-simplesamlphp", "OIDC query", "brokered by SAML: a wrong password", "", "", REJECTED, 6,
            {"file": (BRANCH, NO_PARTNER)}),
    ],
    via=(NAME,),
)
