"""Apache in front of everything: the portals, and TLS for the peers."""

import os
import re
import shutil

from portal import own_token
from stage import need, process, saml
from stage.curl import status
from stage.places import E2E, PORTS, STAGE, url

PACKAGES = ["apache2", "libapache2-mod-auth-openidc", "libapache2-mod-auth-mellon", "libapache2-mod-fcgid"]
# Where OpenUnison is an issuer, too.
ISSUER_PATH = "/auth/idp/k8sIdp"


def need_packages():
    need.packages(*PACKAGES)


def conf_of(peer):
    """The portals' part of the configuration; Kubernetes has none"""
    path = E2E / peer / "gateway.conf"
    return path.read_text() if path.exists() else ""


def portals(peers, kind=r"\w+"):
    """The hosts of the portals in front of the peers that are there"""
    found = []
    for peer in peers:
        text = conf_of(peer)
        for other in re.findall(r"<IfDefine UP_(\w+)>", text):
            if other not in {defined(peer) for peer in peers}:
                text = re.sub(rf"(?s)<IfDefine UP_{other}>.*?</IfDefine>", "", text)
        found += re.findall(rf"Use {kind}Portal (\S+)", text)
    return found


def issuers(peers):
    """The portals that make their tokens themselves, since SAML brings none"""
    return {url(host, ISSUER_PATH): [own_token.AUDIENCE] for host in portals(peers, "Saml")}


def start(peers):
    # Apache's own user may have no way into the folder of this project.
    shutil.copytree(E2E / "portal", STAGE / "portal", dirs_exist_ok=True)
    (STAGE / "www").mkdir(exist_ok=True)
    (STAGE / "www/index.html").write_text("Nothing is here.\n")
    (STAGE / "saml").mkdir(exist_ok=True)
    for host in portals(peers, "Saml"):
        own_token.write_documents(url(host, ISSUER_PATH), STAGE / "keys/issuer.key", STAGE / "issuer" / host)
        (STAGE / f"saml/{host}.xml").write_text(saml.portal(host))
    (STAGE / "apache").mkdir(exist_ok=True)
    own(STAGE / "apache")
    words = ["apache2", "-D", "FOREGROUND", "-f", E2E / "gateway/httpd.conf"]
    for name in [defined(peer) for peer in peers]:
        words += ["-D", f"UP_{name}"]
    if not os.getuid():
        words += ["-D", "ROOT"]
    for name, value in {"STAGE": STAGE, "E2E": E2E, **PORTS}.items():
        words += ["-C", f"Define {name} {value}"]
    server = process.start("gateway", words)
    process.until("gateway", server, lambda: status(url("portal.test", "/")) == "200", 30)


def own(folder):
    """Gives a folder to Apache's own user, who is another where root starts it"""
    if not os.getuid():
        for path in [folder, *folder.rglob("*")]:
            shutil.chown(path, "www-data", "www-data")


def defined(peer):
    return peer.upper().replace("-", "_")
