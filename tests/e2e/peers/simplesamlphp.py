"""SimpleSAMLphp from Debian, on PHP's own server behind the gateway."""

import shutil

from stage import need, process, saml
from stage.curl import curl
from stage.keys import base64_of
from stage.places import E2E, PORTS, STAGE, render, url

NAME = "simplesamlphp"
HERE = E2E / NAME
FOLDER = STAGE / NAME
HOST = "simplesamlphp.test"
ISSUERS = {}
SERVER = f"http://127.0.0.1:{PORTS['PHP']}/simplesaml"


def version():
    return f"SimpleSAMLphp {need.version('simplesamlphp')}"


def get():
    need.packages("simplesamlphp", "php-cli", "php-xml", "php-mbstring", "php-sqlite3")


def start(_up):
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name in ("root", "data", "tmp", "sessions"):
        (FOLDER / name).mkdir(parents=True)
    (FOLDER / "root/simplesaml").symlink_to("/usr/share/simplesamlphp/www")
    for file in HERE.rglob("*.php"):
        render(file, FOLDER / file.relative_to(HERE), SP_CERTIFICATE=base64_of("sp"))
    # One worker would wait for itself where a page fetches another.
    settings = {"SIMPLESAMLPHP_CONFIG_DIR": str(FOLDER), "PHP_CLI_SERVER_WORKERS": "4"}
    server = process.start(NAME, ["php", "-S", f"127.0.0.1:{PORTS['PHP']}", "-t", FOLDER / "root"], env=settings)
    process.until(NAME, server, lambda: "SingleSignOn" in curl("--fail", f"{SERVER}/saml2/idp/metadata.php"), 30)
    base = url(HOST, "/simplesaml/saml2/idp")
    (STAGE / "saml").mkdir(exist_ok=True)
    (STAGE / "saml/simplesamlphp.xml").write_text(saml.provider(f"{base}/metadata.php", f"{base}/SSOService.php"))
