"""What the peers need: Debian packages, and what is got or built once and kept in the cache."""

import contextlib
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from stage.places import CACHE, STAGE

from driver.tools import Missing, only_one

DEBIAN = {"java": "openjdk-17-jre-headless", "mvn": "maven", "unzip": "unzip", "openssl": "openssl", "curl": "curl"}
POLICY = Path("/usr/sbin/policy-rc.d")


def programs(*names):
    """Programs that any machine may have of its own; where one lacks, root gets Debian's"""
    lacking = [name for name in names if not shutil.which(name)]
    debian = [DEBIAN[name] for name in lacking if name in DEBIAN]
    if debian and not os.getuid() and shutil.which("apt-get"):
        packages(*debian)
    for name in lacking:
        if not shutil.which(name):
            raise Missing(f"there is no {name}")


def packages(*names):
    """Installs the Debian packages that are not there; only root can"""
    lacking = [name for name in names if not is_installed(name)]
    if not lacking:
        return
    programs("apt-get")
    if os.getuid():
        raise Missing(f"only root can install {' '.join(lacking)}")
    with no_service_starts():
        apt("update")
        apt("install", "-y", "--no-install-recommends", *lacking)


def is_installed(name):
    words = ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}", name]
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=30).stdout.startswith("ii")
    except FileNotFoundError:
        return False


def version(package):
    """The version of a Debian package, without what Debian adds"""
    words = ["dpkg-query", "-W", "-f", "${source:Upstream-Version}", package]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=30).stdout


def apt(*words):
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=1", *words]
    run(command, within=600, log="apt", env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})


@contextlib.contextmanager
def no_service_starts():
    """Keeps what is installed from listening on its usual ports: the stage starts its own"""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def run(words, *, within, log, **how):
    """Runs a step, whose words go to a log of the stage"""
    path = STAGE / "logs" / f"{log}.log"
    with open(path, "ab") as file:
        try:
            subprocess.run(words, check=True, timeout=within, stdin=subprocess.DEVNULL, stdout=file, stderr=file, **how)
        except (subprocess.SubprocessError, OSError) as error:
            raise Missing(f"{log} failed, see {path}: {last_line(path)}") from error


def last_line(path):
    lines = path.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it says nothing")


def kept(name, material, make):
    """The folder that `make` fills, unless it has been made from the same `material` before"""
    digest = hashlib.sha256(material).hexdigest()[:16]
    folder = CACHE / f"{name}-{digest}"
    done = folder / "complete"
    CACHE.mkdir(parents=True, exist_ok=True)
    with only_one(CACHE / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def go_program(name, source, package):
    """A program of the Go module in `source`, whose go.sum pins all that goes into it"""
    programs("go")
    files = sorted(path for path in source.iterdir() if path.suffix in (".go", ".mod", ".sum"))

    def make(folder):
        words = ["nice", "go", "build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", folder / name, package]
        run(words, within=1800, log=f"{name}-build", cwd=source, env=os.environ | {"CGO_ENABLED": "0"})

    return kept(name, b"".join(file.read_bytes() for file in files), make) / name
