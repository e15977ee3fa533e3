"""LemonLDAP::NG from Debian, which runs as FastCGI inside the gateway, with OpenLDAP's server behind it."""

import hashlib
import json
import shutil

from stage import gateway, need, process, saml
from stage.curl import curl
from stage.places import E2E, PORTS, STAGE, render, url

NAME = "lemonldap"
HERE = E2E / NAME
FOLDER = STAGE / NAME
HOST = "lemonldap.test"
# The slash at its end is how it names itself.
ISSUERS = {url(HOST, "/"): ["portal", "consent"]}
# Who has an authenticator app, and its seed: each has its own, so that no login waits for another's code.
SEEDS = {
    "tabitha": "jbswy3dpehpk3pxpjbswy3dpehpk3pxp",
    "thelma": "krugk3dnmexgc5bonrsw233omrsgc4bo",
    "theodore": "orugk33en5zgkllborpwyzlnn5xgyzdb",
}
# From the second line on: loaded at start whether it is used or not, while Debian recommends or suggests it only.
# Without, every page is "Initialization failed".
PACKAGES = """slapd libnet-ldap-perl libio-socket-timeout-perl lemonldap-ng
    liblasso-perl libxml-simple-perl libstring-random-perl libcrypt-openssl-bignum-perl
    libfcgi-perl libdigest-hmac-perl libconvert-base32-perl libgd-securityimage-perl libimage-magick-perl
    libio-string-perl libcookie-baker-xs-perl liblwp-protocol-https-perl libdbi-perl libunicode-string-perl
    libapache-session-browseable-perl libemail-sender-perl libmime-tools-perl"""


def version():
    return f"LemonLDAP::NG {need.version('lemonldap-ng')}"


def get():
    need.packages(*PACKAGES.split())


def start(_up):
    # Sessions, remembered consents and a cache of the configuration: each stage begins without.
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name in ("conf", "cache", "sessions/lock", "psessions/lock", "directory"):
        (FOLDER / name).mkdir(parents=True)
    keys = {"IDP_KEY": "idp.key", "IDP_PUBLIC": "idp.pub", "IDP_CERTIFICATE": "idp.pem"}
    texts = {name: quoted((STAGE / "keys" / file).read_text()) for name, file in keys.items()}
    texts["SP_METADATA"] = quoted(saml.portal("lemonldap-saml.portal.test"))
    render(HERE / "conf.json", FOLDER / "conf/lmConf-1.json", **texts)
    render(HERE / "lemonldap-ng.ini", FOLDER / "lemonldap-ng.ini")
    for user, seed in SEEDS.items():
        enrol(user, seed)
    gateway.own(FOLDER)
    start_directory()
    (STAGE / "saml").mkdir(exist_ok=True)
    (STAGE / "saml/lemonldap.xml").write_text(saml.provider(url(HOST, "/saml/metadata"), url(HOST, "/saml/singleSignOn")))


def start_directory():
    """The accounts' states are its password policy's: locked, expired, to be changed"""
    configuration, address = FOLDER / "slapd.conf", f"ldap://127.0.0.1:{PORTS['LDAP']}"
    render(HERE / "slapd.conf", configuration)
    words = ["/usr/sbin/slapadd", "-q", "-f", configuration, "-l", HERE / "people.ldif"]
    need.run(words, within=60, log="slapadd")
    server = process.start("slapd", ["/usr/sbin/slapd", "-h", address, "-f", configuration, "-d", "none"])
    process.until("slapd", server, lambda: "dc=test" in curl(f"{address}/dc=test?dc"), 30)


def enrol(user, seed):
    """Gives a user an authenticator app, in the persistent session where the portal keeps it"""
    session = hashlib.md5(user.encode()).hexdigest()
    device = {"type": "TOTP", "name": "ci", "_secret": seed, "epoch": 1700000000}
    kept = {"_session_id": session, "_session_uid": user, "_session_kind": "Persistent", "_utime": 1700000000}
    (FOLDER / "psessions" / session).write_text(json.dumps(kept | {"_2fDevices": json.dumps([device])}))


def quoted(text):
    return json.dumps(text)[1:-1]
