"""What the parts need on this machine: programs that cargo builds, and packages that are got once and kept."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

CLIENTS = Path(__file__).resolve().parent.parent
ROOT = CLIENTS.parent.parent


class Missing(Exception):
    """Something that this machine does not have, or cannot get at now"""


def cargo(*words, within=900):
    """Runs cargo, with one folder for what the workspace and the project of kube-rs compile"""
    environment = os.environ | {"CARGO_TARGET_DIR": str(target())}
    subprocess.run(["cargo", *words], cwd=ROOT, env=environment, check=True, timeout=within)


def target():
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()


def kubectl():
    """The kubectl of the gate: one that is here, or one built with Go"""
    found = subprocess.run([ROOT / ".ci/kubectl.sh"], stdout=subprocess.PIPE, text=True, timeout=900)
    if found.returncode:
        raise Missing("no kubectl, and none can be built")
    return found.stdout.strip()


def kube_project():
    """The manifest of the project of kube-rs, whose dependencies are here"""
    manifest = str(CLIENTS / "kube/Cargo.toml")
    try:
        cargo("fetch", "--quiet", "--locked", f"--manifest-path={manifest}", within=120)
    except (subprocess.SubprocessError, OSError) as error:
        raise Missing("the crates of kube-rs cannot be got") from error
    return manifest


def python():
    """A Python that has the Kubernetes client"""
    requirements = CLIENTS / "python/requirements.txt"

    def install(folder):
        run([sys.executable, "-m", "venv", folder])
        pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--require-hashes", "--only-binary=:all:", "-r", requirements])

    return kept("python", [requirements], install) / "bin/python"


def node_modules():
    """The packages of the provider, whose certificate OpenSSL makes"""
    for program in ("node", "npm", "openssl"):
        if not shutil.which(program):
            raise Missing(f"there is no {program}")
    folder = CLIENTS / "oidc-provider"
    files = [folder / "package.json", folder / "package-lock.json"]

    def install(into):
        into.mkdir(parents=True)
        for file in files:
            shutil.copy(file, into)
        run(["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"], cwd=into)

    return kept("oidc-provider", files, install) / "node_modules"


def kept(name, files, install):
    """The folder of what `install` puts there, unless it has been done before from the same files"""
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "doorward-ci"
    folder = cache / f"{name}-{digest}"
    done = folder / "complete"
    cache.mkdir(parents=True, exist_ok=True)
    with only_one(cache / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            try:
                install(folder)
            except (subprocess.SubprocessError, OSError) as error:
                raise Missing(f"the packages of {name} cannot be got: {error}") from error
            done.touch()
    return folder


@contextlib.contextmanager
def only_one(path):
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run(words, **how):
    subprocess.run(words, check=True, timeout=300, stdin=subprocess.DEVNULL, stdout=sys.stderr, **how)
