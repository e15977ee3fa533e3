"""Where everything is: the folder that is kept between runs, the folder of the running stage, every port and name."""

import os
import sys
import tempfile
from pathlib import Path

E2E = Path(__file__).resolve().parent.parent
ROOT = E2E.parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "doorward-e2e"
# Not in the cache: Apache's own user must get in, and a home folder is often closed to others.
STAGE = Path(os.environ.get("DOORWARD_E2E_STAGE") or Path(tempfile.gettempdir()) / f"doorward-e2e-{os.getuid()}")

PORTS = {
    "GATEWAY": 24443,  # every name below, over TLS
    "TUNNEL": 24480,  # the way from server to server
    "PHP": 24481,
    "NODE": 24482,
    "KEYCLOAK": 24483,
    "DEX": 24484,
    "DEX_SKIP": 24485,
    "ETCD": 24486,
    "ETCD_PEER": 24487,
    "KUBE": 24488,
    "KEYCLOAK_ID": 24489,
    "LDAP": 24490,
    "KEYCLOAK_MANAGEMENT": 24491,
}
GATEWAY = PORTS["GATEWAY"]

# Portals are all below portal.test: one wildcard in the certificate serves them.
NAMES = ["lemonldap.test", "simplesamlphp.test", "oidc-provider.test", "keycloak.test", "dex.test"]

# The helpers that tests/clients has already: locks, cargo, kubectl, npm.
sys.path.insert(0, str(ROOT / "tests/clients"))


def url(host, path=""):
    return f"https://{host}:{GATEWAY}{path}"


def make_stage():
    """The folders of a stage that nobody else could have laid out"""
    STAGE.mkdir(mode=0o711, exist_ok=True)
    found = STAGE.lstat()
    if STAGE.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise SystemExit(f"{STAGE} is not a folder of this user's own")
    for name in ("logs", "run", "keys"):
        (STAGE / name).mkdir(exist_ok=True)


def render(source, target, **values):
    """Writes the text of `source` with its @WORDS@ replaced: ports, and what is given"""
    words = {name: str(port) for name, port in PORTS.items()} | {"STAGE": str(STAGE)} | values
    text = source.read_text()
    for name, value in words.items():
        text = text.replace(f"@{name}@", value)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
