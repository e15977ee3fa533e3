"""Tokens of a service account at the real API server: who may ask, what kubectl does with them, and what is refused."""

import base64
import json
import os
import subprocess
import tempfile
from pathlib import Path

from peers import kube
from stage.kubectl import call
from stage.login import WITHIN
from stage.places import STAGE

NAME = "service-account"
ACCOUNT = "system:serviceaccount:ci:deployer"


def lacking(_up):
    """What there must be besides Kubernetes: nothing"""


def rows(program):
    """Each row's name, and what is wrong with it, if anything"""
    people = json.loads((kube.FOLDER / "people.json").read_text())
    with tempfile.TemporaryDirectory(prefix="doorward-e2e-account-") as folder:
        caller = Caller(program, Path(folder), people)
        for row in (asks, asks_again, asks_by_itself, may_not_ask, is_not_there, is_unknown):
            yield f"{NAME}: {row.__doc__}", row(caller)


class Caller:
    """Runs doorward with the kubeconfig of one of the people"""

    def __init__(self, program, folder, people):
        self.program, self.folder = program, folder
        self.kubeconfig = folder / "deployer.kubeconfig"
        for name, token in [*people.items(), ("nobody", "0" * 32)]:
            (folder / name).write_text(json.dumps(source(name, token)))

    def run(self, name, *words):
        settings = {"HOME": str(self.folder / "home"), "PATH": os.environ["PATH"], "KUBECONFIG": str(self.folder / name)}
        folders = [f"--profile-dir={self.folder / 'profiles'}", f"--cache-dir={self.folder / 'cache'}"]
        command = [self.program, *words, *folders]
        return subprocess.run(
            command, env=settings, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WITHIN
        )

    def ask(self, name, account, *words):
        return self.run(name, "service-account", account, "-n", "ci", f"--exec-command={self.program}", *words)


def source(name, token):
    server = {"server": kube.SERVER, "certificate-authority": str(STAGE / "keys/ca.pem")}
    return {
        "current-context": name,
        "clusters": [{"name": "stage", "cluster": server}],
        "contexts": [{"name": name, "context": {"cluster": "stage", "user": name}}],
        "users": [{"name": name, "user": {"token": token}}],
    }


def asks(caller):
    """a token of ten minutes, and kubectl lists the pods with it"""
    got = caller.ask("asker", "deployer", "--duration=10m", f"--kubeconfig={caller.kubeconfig}")
    if got.returncode:
        return got.stderr.strip()
    pods = call("--kubeconfig", caller.kubeconfig, "get", "pods", "--namespace=default", "--no-headers")
    if not pods.stdout.startswith("web "):
        return f"no pods: {pods.stderr.strip() or pods.stdout.strip()}"
    secrets = call("--kubeconfig", caller.kubeconfig, "get", "secrets")
    if "Forbidden" not in secrets.stderr or ACCOUNT not in secrets.stderr:
        return f"it is not {ACCOUNT}, or may too much: {secrets.stderr.strip()}"
    return None


def asks_again(caller):
    """the plug-in gives the kept token, and asks anew where none is kept"""
    profiles = [path.stem for path in (caller.folder / "profiles").glob("*.json")]
    if len(profiles) != 1:
        return f"not one profile: {profiles}"
    plugin = ["credential", f"--profile={profiles[0]}"]
    kept, same, anew = (caller.run("asker", *plugin, *more) for more in ((), (), ("--no-cache",)))
    if problem := next((got.stderr.strip() for got in (kept, same, anew) if got.returncode), None):
        return problem
    first, second, third = (claims(json.loads(got.stdout)["status"]["token"]) for got in (kept, same, anew))
    if first["jti"] != second["jti"] or first["jti"] == third["jti"]:
        return "the kept token was not given, or given for a new one"
    if first["sub"] != ACCOUNT or first["exp"] - first["iat"] != 600:
        return f"a token of {first['sub']} for {first['exp'] - first['iat']} s"
    return None


def asks_by_itself(caller):
    """the new kubeconfig, whose plug-in is doorward, asks for the next account"""
    got = caller.ask(caller.kubeconfig.name, "deployer", "--audience=vault", "--output=token")
    if got.returncode:
        return got.stderr.strip()
    audience = claims(got.stdout.strip())["aud"]
    return None if audience == ["vault"] else f"a token for {audience}"


def may_not_ask(caller):
    """who has no right to it is denied, and told the rule"""
    return refused(caller.ask("reader", "deployer", "--output=token"), 17, "serviceaccounts/token")


def is_not_there(caller):
    """an account that is not there is a wrong setting, for who may know"""
    admin = (kube.FOLDER / "admin.csv").read_text().partition(",")[0]
    (caller.folder / "admin").write_text(json.dumps(source("admin", admin)))
    return refused(caller.ask("admin", "nobody", "--output=token"), 10, "kubectl create serviceaccount nobody -n ci")


def is_unknown(caller):
    """credentials that nobody knows are denied"""
    return refused(caller.ask("nobody", "deployer", "--output=token"), 17, "does not know the credentials")


def refused(got, code, words):
    if got.returncode != code or words not in got.stderr or got.stdout:
        return f"exit code {got.returncode}, not {code}: {got.stderr.strip()}"
    return None


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
