"""Keycloak as an issuer: each grant, with a public client, one with a secret, and one with a key."""

import json

from peers.keycloak import HOST, NAME
from stage.case import REJECTED, UNEXPECTED_PAGE
from stage.curl import curl
from stage.issuer import Row
from stage.places import url

CORP = (HOST, "/realms/corp")
SECRET = "doorward-secret-of-the-stage"
CLIENT = ("--grant", "client-credentials")
PASSWORD = ("--grant", "password")
EXCHANGE = ("--grant", "token-exchange")
KEY = {"key": "sp", "options": ("--key-id", "stage")}
AMELIA = {"user": "amelia", "password": "amelia-at-corp"}


def token():
    """An access token of the client that will exchange it"""
    form = {"grant_type": "client_credentials", "client_id": "doorward-secret", "client_secret": SECRET}
    words = [word for name, value in form.items() for word in ("--data-urlencode", f"{name}={value}")]
    said = curl(*words, url(HOST, "/realms/corp/protocol/openid-connect/token"))
    return json.loads(said or "{}").get("access_token", "none")


def row(name, client, requests, **more):
    return Row(NAME, name, CORP, client, requests, **more)


ROWS = [
    row("code", "doorward", 6, again=1, **AMELIA),
    row("code, a wrong password", "doorward", 3, code=REJECTED, user="bertram", password="wrong-password"),
    row("code, an address that is not registered", "doorward", 2, code=UNEXPECTED_PAGE, options=("--redirect-uri", "http://localhost:1"), **AMELIA),
    row("code, a secret", "doorward-secret", 6, again=1, secret=SECRET, **AMELIA),
    row("code, a wrong secret", "doorward-secret", 4, code=REJECTED, secret="wrong-secret-of-the-stage", **AMELIA),
    row("code, a key", "doorward-key", 6, again=1, **KEY, **AMELIA),
    row("password", "doorward", 4, again=1, options=PASSWORD, **AMELIA),
    row("password, a wrong one", "doorward", 2, code=REJECTED, options=PASSWORD, user="bertram", password="wrong-password"),
    row("client credentials", "doorward-secret", 3, again=3, secret=SECRET, options=CLIENT),
    row("client credentials, a key", "doorward-key", 3, again=3, key="sp", options=(*CLIENT, *KEY["options"])),
    row("token exchange", "doorward-secret", 3, again=3, secret=SECRET, options=EXCHANGE, subject=token),
    row("token exchange, for another", "doorward-secret", 3, again=3, secret=SECRET, options=(*EXCHANGE, "--audience", "doorward"), subject=token),
    row("token exchange, no such audience", "doorward-secret", 2, code=REJECTED, secret=SECRET, options=(*EXCHANGE, "--audience", "nobody"), subject=token),
]
