"""A kube-apiserver with its etcd, which believes the tokens of every provider of the stage, and of the portals."""

import json
import secrets
import shutil

from peers import own_key
from stage import need, process
from stage.curl import curl
from stage.kubectl import kubectl
from stage.places import E2E, PORTS, STAGE

NAME = "kube"
HERE = E2E / NAME
FOLDER = STAGE / NAME
SERVER = f"https://127.0.0.1:{PORTS['KUBE']}"
program = None


def get():
    global program
    program = need.go_program("control-plane", HERE, ".")


def start(issuers):
    """Starts it; `issuers` are the providers' URLs, each with the clients that tokens may be for"""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(mode=0o700)
    start_etcd()
    (FOLDER / "authentication.json").write_text(json.dumps(authentication(issuers)))
    admin = secrets.token_hex(16)
    # Two people whom the server itself knows: one may ask for a service account's token.
    people = {name: secrets.token_hex(16) for name in ("asker", "reader")}
    lines = [f"{admin},admin,admin,system:masters", *(f"{token},{name},{name}" for name, token in people.items())]
    (FOLDER / "admin.csv").write_text("\n".join([*lines, own_key.accounts()]))
    (FOLDER / "people.json").write_text(json.dumps(people))
    start_server()
    lay_out(admin)


def start_etcd():
    client, peer = (f"http://127.0.0.1:{PORTS[name]}" for name in ("ETCD", "ETCD_PEER"))
    words = [program, "etcd", "--data-dir", FOLDER / "etcd", "--unsafe-no-fsync"]
    words += ["--listen-client-urls", client, "--advertise-client-urls", client]
    words += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"]
    server = process.start("etcd", words)
    process.until("etcd", server, lambda: "true" in curl("--fail", f"{client}/health"), 60)


def start_server():
    keys = STAGE / "keys"
    words = [program, "kube-apiserver", "--etcd-servers", f"http://127.0.0.1:{PORTS['ETCD']}"]
    words += ["--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", PORTS["KUBE"]]
    words += ["--tls-cert-file", keys / "server.pem", "--tls-private-key-file", keys / "server.key"]
    words += ["--authentication-config", FOLDER / "authentication.json", "--token-auth-file", FOLDER / "admin.csv"]
    words += ["--authorization-mode", "RBAC", "--endpoint-reconciler-type", "none"]
    words += ["--service-account-issuer", "https://kubernetes.default.svc", "--service-cluster-ip-range", "10.96.0.0/24"]
    words += ["--service-account-key-file", keys / "kube.pub", "--service-account-signing-key-file", keys / "kube.key"]
    # There is no controller that makes the default account which a pod would need.
    words += ["--disable-admission-plugins", "ServiceAccount"]
    # The issuers' names are known to the tunnel only.
    settings = {"HTTPS_PROXY": f"http://127.0.0.1:{PORTS['TUNNEL']}", "GOGC": "50"}
    server = process.start("kube-apiserver", words, env=settings)
    process.until("kube-apiserver", server, lambda: curl("--fail", f"{SERVER}/readyz") == "ok", 120)


def authentication(trusted):
    authority = (STAGE / "keys/ca.pem").read_text()
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        # For the question whether it is ready; what else a stranger may do is up to RBAC.
        "anonymous": {"enabled": True},
        "jwt": [
            {
                "issuer": issuer(url, clients, authority),
                "claimMappings": {
                    "username": {"claim": "sub", "prefix": f"{url}#"},
                    # Who may list pods is not what is tested: everybody whom a provider knows.
                    "groups": {"expression": "['stage:people']"},
                },
            }
            for url, clients in trusted.items()
        ],
    }


def issuer(url, clients, authority):
    found = {"url": url, "audiences": clients, "certificateAuthority": authority}
    return found | {"audienceMatchPolicy": "MatchAny"} if len(clients) > 1 else found


def lay_out(admin):
    """One pod, the right to see it, and a service account with the right to ask for its tokens"""
    objects = HERE / "objects.yaml"

    def is_done():
        # The default namespace comes a moment after the server is ready.
        return kubectl(admin, "apply", "--validate=false", "--filename", objects).returncode == 0

    process.wait_for("the namespace of the pods", is_done, 30)
