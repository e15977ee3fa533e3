"""Keycloak's server distribution, with two realms from files; its database is laid out once and kept."""

import json
import os
import shutil

from keycloak import users
from stage import need, process
from stage.curl import curl
from stage.keys import base64_of, key_set
from stage.places import E2E, PORTS, STAGE, render, url

NAME = "keycloak"
HOST = "keycloak.test"
CLIENTS = ["doorward", "doorward-secret", "doorward-key"]
ISSUERS = {url(HOST, "/realms/corp"): ["portal", "consent", "smoke", *CLIENTS], url(HOST, "/realms/branch"): ["portal"]}
# Others from Keycloak 25 on can be had, too; the recordings are of this one.
VERSION = os.environ.get("DOORWARD_E2E_KEYCLOAK", "26.7.3")
REALMS = ["corp", "branch"]
FOLDER = STAGE / NAME
SERVER = f"http://127.0.0.1:{PORTS['KEYCLOAK']}"
GETTER = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
JAVA = {
    "JAVA_OPTS_KC_HEAP": "-Xms128m -Xmx768m",
    # Most of its life here is its start: the second compiler would not pay. And the transaction manager takes a port
    # to be told apart by, a random one unless it is told which.
    "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1 -Djava.net.preferIPv4Stack=true"
    f" -DCoreEnvironmentBean.socketProcessIdPort={PORTS['KEYCLOAK_ID']}",
}
distribution = None


def version():
    return f"Keycloak {VERSION}"


def get():
    global distribution
    need.programs("java", "mvn", "unzip")
    distribution = need.kept(NAME, VERSION.encode(), unpack)
    # Needs the stage's certificates, which are the same from run to run.
    write_realms(FOLDER / "data/import")


def unpack(folder):
    where = f"-Dmaven.repo.local={folder / 'maven'}"
    artifact = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
    words = ["mvn", "-B", "-q", where, f"{GETTER}:get", f"-Dartifact={artifact}", "-Dtransitive=false"]
    need.run(words, within=600, log="keycloak-get")
    archive = next((folder / "maven/org/keycloak").rglob("*.zip"))
    need.run(["unzip", "-q", archive, "-d", folder], within=120, log="keycloak-get")
    (folder / f"keycloak-{VERSION}").rename(folder / "server")
    shutil.rmtree(folder / "maven")
    build = ["nice", folder / "server/bin/kc.sh", "build", "--db=dev-file"]
    need.run(build, within=600, log="keycloak-build", env=os.environ | JAVA)


def write_realms(folder):
    shutil.rmtree(FOLDER, ignore_errors=True)
    certificates = {"SP_CERTIFICATE": base64_of("sp"), "IDP_CERTIFICATE": base64_of("idp")}
    certificates |= {"CLIENT_KEYS": json.dumps(json.dumps(key_set("sp", "stage")))[1:-1]}
    for realm in REALMS:
        text = json.dumps(getattr(users, realm)())
        render(E2E / f"keycloak/realms/{realm}.json", folder / f"{realm}.json", USERS=text, **certificates)


def start(_up):
    # The program's folders are the cache's, and what it writes is the stage's: its home is where the script is.
    for name in ("conf", "lib", "providers"):
        (FOLDER / name).symlink_to(distribution / "server" / name)
    (FOLDER / "bin").mkdir()
    shutil.copy(distribution / "server/bin/kc.sh", FOLDER / "bin")
    realms = b"".join((FOLDER / f"data/import/{realm}.json").read_bytes() for realm in REALMS)
    base = need.kept("keycloak-database", VERSION.encode() + realms, lay_out)
    shutil.copytree(base / "h2", FOLDER / "data/h2", dirs_exist_ok=True)
    launch()
    (STAGE / "saml").mkdir(exist_ok=True)
    (STAGE / "saml/keycloak.xml").write_text(curl("--fail", descriptor("corp")))


def lay_out(folder):
    """Starts once with the realms' files, which takes longer than everything else, and keeps the database"""
    server = launch("--import-realm", within=300)
    process.stop_one(NAME, server)
    shutil.move(FOLDER / "data/h2", folder / "h2")


def launch(*more, within=120):
    # Not executed itself: another thread's child may have the copy open for writing yet, and the system calls it busy then.
    words = ["sh", FOLDER / "bin/kc.sh", "start", "--optimized", *more]
    # Without a cluster there is no port for its members.
    words += ["--cache=local", "--http-enabled=true", "--http-host=127.0.0.1", f"--http-port={PORTS['KEYCLOAK']}"]
    words += [f"--hostname={url(HOST)}", "--proxy-headers=xforwarded"]
    if VERSION.startswith("25."):
        # Later ones open it only where health or metrics are wanted.
        words += [f"--http-management-port={PORTS['KEYCLOAK_MANAGEMENT']}"]
    server = process.start(NAME, words, env=JAVA)
    process.until(NAME, server, lambda: all(curl("--fail", descriptor(realm)) for realm in REALMS), within)
    return server


def descriptor(realm):
    return f"{SERVER}/realms/{realm}/protocol/saml/descriptor"


def token(user, password):
    """An id_token without a browser, for the smoke test"""
    form = {"grant_type": "password", "scope": "openid", "client_id": "smoke", "client_secret": "smoke-secret"}
    fields = (form | {"username": user, "password": password}).items()
    words = [word for name, value in fields for word in ("--data-urlencode", f"{name}={value}")]
    said = curl(*words, url(HOST, "/realms/corp/protocol/openid-connect/token"))
    return json.loads(said or "{}").get("id_token", "none")
