"""An issuer that is a key and two static files, a token of hardware with another key of it, and a proxy that checks its tokens."""

import functools
import json
import os
import secrets
import shutil
import subprocess

from stage import login, need
from stage.places import E2E, STAGE, url

NAME = "own-key"
HERE = E2E / NAME
FOLDER = STAGE / NAME
PROXY = "own-key-proxy.portal.test"
ISSUER = url("own-key.portal.test", "/ci")
ISSUERS = {ISSUER: ["kubernetes"]}
PUBLIC = FOLDER / "public"
KEY = FOLDER / "keys/ci.pem"
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = FOLDER / "keys/pin"
TOKEN_KEY = f"pkcs11:token=stage;object=ci?module-path={MODULE}&pin-source=file:{PIN}"
SETTINGS = {"SOFTHSM2_CONF": str(FOLDER / "softhsm2.conf")}
# Of the proxy, at Kubernetes.
account = None


def get():
    need.packages("softhsm2")


def start(up):
    global account
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(mode=0o711)
    for name in ("keys", "tokens"):
        (FOLDER / name).mkdir(mode=0o700)
    account = secrets.token_hex(16)
    (FOLDER / "account.conf").write_text(f'RequestHeader set Authorization "Bearer {account}"\n')
    doorward("jwt", "keygen", "--out", KEY)
    doorward("jwt", "publish", PUBLIC, "--issuer", ISSUER, "--jwt-key", KEY)
    fill_token()
    doorward("jwt", "publish", PUBLIC, "--issuer", ISSUER, "--jwt-key", TOKEN_KEY)


def accounts():
    """The proxy's line in the file of Kubernetes' own accounts"""
    return f'{account},management-proxy,management-proxy,"stage:people"\n' if account else ""


def fill_token():
    (FOLDER / "softhsm2.conf").write_text(f"directories.tokendir = {FOLDER / 'tokens'}\n")
    PIN.write_text("4711")
    PIN.chmod(0o600)
    key = FOLDER / "keys/token.pem"
    doorward("jwt", "keygen", "--algorithm", "RS256", "--out", key)
    pin = ["--pin", PIN.read_text()]
    util("--init-token", "--free", "--label", "stage", "--so-pin", "0815", *pin)
    util("--import", key, "--token", "stage", "--label", "ci", "--id", "01", *pin)
    # From here on the token alone has it.
    key.unlink()


def util(*words):
    need.run(["softhsm2-util", *words], within=60, log="softhsm2", env=os.environ | SETTINGS)


@functools.cache
def program():
    return login.build()


def doorward(*words, within=60, **more):
    """What doorward prints; a failure is the caller's"""
    settings = login.settings() | SETTINGS | more
    command = [program(), *words]
    got = subprocess.run(command, env=settings, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=within)
    if got.returncode:
        raise need.Missing(f"doorward {words[0]} {words[1]} ended with {got.returncode}: {got.stderr.strip()}")
    return got.stdout


def step(*words):
    """One call of a rotation, and what it did"""
    return json.loads(doorward("jwt", "rotate", PUBLIC, "--jwt-key", KEY, "--format", "json", *words))
