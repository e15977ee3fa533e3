"""Dex as an issuer: its login page with and without an approval, and the token of another issuer that it exchanges."""

from peers import keycloak
from peers.dex import HOST, NAME
from stage.case import REJECTED
from stage.issuer import Row

SKIP, DEX = (HOST, "/skip"), (HOST, "/dex")
SECRET = "doorward-secret-of-the-stage"
# Without it there is no refresh token.
OFFLINE = ("--scope", "offline_access")
USER = {"user": "dwho@dex.test", "password": "dwho-at-dex"}
# It knows the issuers whose tokens it exchanges as its connectors.
EXCHANGE = ("--grant", "token-exchange", "--token-parameter", "connector_id=keycloak")


def token():
    return keycloak.token("amelia", "amelia-at-corp")


ROWS = [
    Row(NAME, "code", SKIP, "doorward", 8, again=1, options=OFFLINE, **USER),
    Row(NAME, "code, a secret", SKIP, "doorward-secret", 8, again=1, secret=SECRET, options=OFFLINE, **USER),
    Row(NAME, "code, a wrong secret", SKIP, "doorward-secret", 6, code=REJECTED, secret="wrong-secret-of-the-stage", **USER),
    Row(NAME, "code, a wrong password", SKIP, "doorward", 5, code=REJECTED, user=USER["user"], password="wrong-password"),
    Row(NAME, "code, with an approval", DEX, "doorward", 9, options=("--login-option", "local", "--accept-consent"), **USER),
    Row(NAME, "password", SKIP, "doorward-secret", 4, again=1, secret=SECRET, options=(*OFFLINE, "--grant", "password"), **USER),
    Row(NAME, "token exchange", DEX, "doorward-secret", 3, again=3, secret=SECRET, options=EXCHANGE, subject=token, needs=("keycloak",)),
]
