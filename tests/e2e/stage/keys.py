"""A throw-away CA, the stage's certificate, and the keys that the peers sign with.

They are kept for as long as they are good, since Keycloak's kept database has their certificates in it.
"""

import base64
import shutil
import subprocess

from stage.need import kept, programs, run
from stage.places import NAMES, STAGE

KEYS = STAGE / "keys"
ALT_NAMES = ",".join([f"DNS:{name}" for name in [*NAMES, "portal.test", "*.portal.test"]] + ["IP:127.0.0.1"])
DAYS = 60
WEEK = 7 * 24 * 3600


def prepare():
    programs("openssl", "curl")
    material = f"{ALT_NAMES} {DAYS}".encode()
    folder = kept("keys", material, make)
    if not is_good(folder / "ca.pem"):
        shutil.rmtree(folder)
        folder = kept("keys", material, make)
    for file in folder.iterdir():
        copy = KEYS / file.name
        shutil.copy(file, copy)
        # Apache's own user reads them, too. They open nothing but this stage.
        copy.chmod(0o644)


def is_good(certificate):
    words = ["openssl", "x509", "-noout", "-checkend", str(WEEK), "-in", certificate]
    return subprocess.run(words, stdout=subprocess.DEVNULL, timeout=30).returncode == 0


def make(folder):
    def openssl(*words):
        run(["openssl", *words], within=60, log="keys", cwd=folder)

    def self_signed(name, *more):
        key = ("-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key")
        subject = ("-subj", f"/CN=doorward e2e {name}", "-days", str(DAYS))
        openssl("req", "-x509", *key, *subject, "-out", f"{name}.pem", *more)

    self_signed("ca", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    self_signed("idp")
    self_signed("sp")
    openssl("rsa", "-in", "idp.key", "-pubout", "-out", "idp.pub")
    openssl("genrsa", "-out", "issuer.key", "2048")
    openssl("genrsa", "-out", "kube.key", "2048")
    openssl("rsa", "-in", "kube.key", "-pubout", "-out", "kube.pub")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-subj", "/CN=doorward e2e", "-out", "server.csr")
    (folder / "server.ext").write_text(f"subjectAltName={ALT_NAMES}\nextendedKeyUsage=serverAuth\n")
    by_ca = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", str(DAYS), "-extfile", "server.ext")
    openssl("x509", "-req", "-in", "server.csr", *by_ca, "-out", "server.pem")


def base64_of(name):
    """A certificate as SAML metadata and SimpleSAMLphp want it: its base64 alone"""
    lines = (KEYS / f"{name}.pem").read_text().splitlines()
    return "".join(line for line in lines if not line.startswith("-"))


def key_set(name, key_id):
    """The public half of an RSA key as a JWKS"""
    words = ["openssl", "rsa", "-in", KEYS / f"{name}.key", "-noout", "-modulus"]
    said = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, timeout=30).stdout
    modulus = base64.urlsafe_b64encode(bytes.fromhex(said.strip().partition("=")[2])).decode().rstrip("=")
    return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": key_id, "n": modulus, "e": "AQAB"}]}
