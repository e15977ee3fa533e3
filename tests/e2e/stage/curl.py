"""Requests by curl, which knows the stage's names without /etc/hosts."""

import subprocess
import tempfile

from stage.places import GATEWAY, STAGE


def curl(*words, within=20):
    """What curl prints, or nothing where it fails"""
    names = ["--resolve", f"*:{GATEWAY}:127.0.0.1", "--noproxy", "*", "--cacert", STAGE / "keys/ca.pem"]
    command = ["curl", "--silent", "--show-error", "--max-time", str(within), *names, *words]
    got = subprocess.run(command, capture_output=True, text=True, timeout=within + 5)
    return got.stdout if got.returncode == 0 else ""


def status(address):
    return curl("--output", "/dev/null", "--write-out", "%{http_code}", address, within=5)


def follow(address):
    """Where a browser that follows redirects ends, with its cookies: the status and the address, and the page"""
    with tempfile.NamedTemporaryFile() as jar:
        cookies = ["--cookie-jar", jar.name, "--cookie", jar.name]
        end = ["--location", "--max-redirs", "10", "--write-out", "\n%{http_code} %{url_effective}"]
        page, _, said = curl(*cookies, *end, address).rpartition("\n")
        return said, page
