"""Dex, the stock server twice: with several connectors and an approval, and with its own passwords only."""

import re

from stage import need, process
from stage.curl import curl
from stage.places import E2E, PORTS, STAGE, render, url

NAME = "dex"
HERE = E2E / NAME
HOST = "dex.test"
CLIENTS = ["portal", "doorward", "doorward-secret"]
ISSUERS = {url(HOST, "/dex"): CLIENTS, url(HOST, "/skip"): CLIENTS}
program = None


def version():
    """As the comment beside the commit in go.mod says"""
    return "Dex " + re.search(r"// v(\S+): ", (HERE / "go.mod").read_text())[1]


def get():
    global program
    program = need.go_program(NAME, HERE, "github.com/dexidp/dex/cmd/dex")


def start(up):
    for path, port in (("dex", "DEX"), ("skip", "DEX_SKIP")):
        configuration = STAGE / f"dex/{path}.yaml"
        # A connector is opened when somebody chooses it, so that its peer need not be there yet.
        render(HERE / f"{path}.yaml", configuration, MORE_CONNECTORS=connectors(path, up))
        name = f"dex-{path}"
        proxy = {"HTTPS_PROXY": f"http://127.0.0.1:{PORTS['TUNNEL']}"}
        server = process.start(name, [program, "serve", configuration], env=proxy)
        discovery = f"http://127.0.0.1:{PORTS[port]}/{path}/.well-known/openid-configuration"
        process.until(name, server, lambda at=discovery: "issuer" in curl("--fail", at), 30)


def connectors(path, up):
    """Those that lead to other peers: to Keycloak, and to the directory that stands behind LemonLDAP::NG"""
    texts = []
    for peer in ("keycloak", "lemonldap"):
        if path == "dex" and peer in up:
            target = STAGE / f"dex/{peer}.yaml"
            render(HERE / f"{peer}.yaml", target)
            texts.append(target.read_text())
    return "".join(texts)
