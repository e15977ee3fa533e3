"""oidc-provider for Node, with the login and consent pages that it brings for development: they take any password."""

import json

from stage import process
from stage.curl import curl
from stage.places import E2E, PORTS, url

from driver import tools

NAME = "oidc-provider"
HOST = "oidc-provider.test"
ISSUERS = {url(HOST): ["portal", "portal-short"]}
modules = None


def version():
    return f"oidc-provider {json.loads((tools.node_modules() / 'oidc-provider/package.json').read_text())['version']}"


def get():
    global modules
    # The package and its lock are those of tests/clients.
    modules = tools.node_modules()


def start(_up):
    folder = modules.parent
    program = E2E / NAME / "provider.mjs"
    # Node looks for packages from where a module is, so that the module goes to standard input.
    words = ["node", "--input-type=module", "--eval", program.read_text(), "--", str(PORTS["NODE"]), url(HOST)]
    server = process.start(NAME, words, cwd=folder)
    discovery = f"http://127.0.0.1:{PORTS['NODE']}/.well-known/openid-configuration"
    process.until(NAME, server, lambda: "issuer" in curl("--fail", discovery), 30)
