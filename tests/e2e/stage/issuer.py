"""A login at an issuer without a portal, and what its kubeconfig brings: pods, and the next token when the first has ended."""

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from stage.case import GOOD
from stage.kubectl import program as kubectl
from stage.places import GATEWAY, NAMES, PORTS, STAGE, url

WITHIN = 60
NEVER = 0


@dataclass(frozen=True)
class Row:
    """A way to a token

    `issuer` is a host and a path, `requests` how many are made at -v, and `again` how many the plug-in makes when the token has ended:
    one is a refresh, for which it has no password. `subject` gives the token that is exchanged; `key` is one of the stage's.
    """

    peer: str
    name: str
    issuer: tuple[str, str]
    client: str
    requests: int
    again: int = NEVER
    code: int = GOOD
    user: str = ""
    password: str = ""
    secret: str = ""
    key: str = ""
    options: tuple[str, ...] = ()
    subject: object = None
    needs: tuple[str, ...] = ()


class Outcome:
    """What a row came to"""

    def __init__(self, row, program, asks_kubernetes):
        with tempfile.TemporaryDirectory(prefix="doorward-e2e-issuer-") as folder:
            self.row, self.program, self.home = row, program, Path(folder)
            self.problem = self.log_in()
            if not self.problem and row.code == GOOD:
                self.problem = self.use(asks_kubernetes)

    def log_in(self):
        self.code, self.requests, last = self.call(*self.words(), secrets=self.secrets())
        row = self.row
        if (self.code, self.requests) == (row.code, row.requests):
            return None
        return f"exit code {self.code} after {self.requests} requests, not {row.code} after {row.requests}: {last}"

    def use(self, asks_kubernetes):
        """The first token, and two more of which each is asked for when the one before has ended"""
        if asks_kubernetes and (problem := self.pods()):
            return problem
        for _ in range(2 if self.row.again else 0):
            self.age()
            # What can be refreshed needs nothing but what was kept.
            secrets = {} if self.row.again == 1 else self.secrets()
            code, requests, last = self.call("credential", "--profile", "e2e", secrets=secrets)
            if (code, requests) != (0, self.row.again):
                return f"the plug-in ended with {code} after {requests} requests, not {self.row.again}: {last}"
        return self.pods() if asks_kubernetes and self.row.again else None

    def words(self):
        row = self.row
        found = ["login", "--profile", "e2e", "--kubeconfig", self.home / "kubeconfig", "--timeout", str(WITHIN)]
        found += ["--issuer", url(*row.issuer), "--client-id", row.client]
        found += ["--server", f"https://127.0.0.1:{PORTS['KUBE']}", "--certificate-authority", STAGE / "keys/ca.pem"]
        found += ["--ca-file", STAGE / "keys/ca.pem"]
        for host in NAMES:
            found += ["--resolve", f"{host}:{GATEWAY}:127.0.0.1"]
        if row.user:
            found += ["--username", row.user]
        if row.key:
            copy = self.home / "client.key"
            if not copy.exists():
                copy.touch(mode=0o600)
                shutil.copyfile(STAGE / f"keys/{row.key}.key", copy)
            found += ["--client-assertion-key", copy]
        return [*found, *row.options]

    def secrets(self):
        row = self.row
        found = {"DOORWARD_PASSWORD": row.password, "DOORWARD_CLIENT_SECRET": row.secret}
        found["DOORWARD_SUBJECT_TOKEN"] = row.subject() if row.subject else ""
        return {name: value for name, value in found.items() if value}

    def call(self, *words, secrets):
        got = subprocess.run(
            [self.program, *words, "-v", "--log-format", "json"],
            env=self.settings() | secrets,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WITHIN + 10,
        )
        lines = [json.loads(line) for line in got.stderr.splitlines() if line.startswith("{")]
        last = lines[-1].get("message", "") if lines else got.stderr.strip()
        return got.returncode, sum("hop" in line for line in lines), last

    def age(self):
        """Makes the kept token an hour older"""
        (file,) = (self.home / ".cache/doorward").glob("*.json")
        record = json.loads(file.read_text())
        for name in ("issued", "expires", "received"):
            record["token"][name] -= 3600
        file.write_text(json.dumps(record))

    def pods(self):
        """What is wrong with the answer of Kubernetes, if anything"""
        words = [kubectl(), "--kubeconfig", self.home / "kubeconfig", "get", "pods", "--no-headers"]
        got = subprocess.run(
            words, env=self.settings(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
        )
        return None if got.stdout.startswith("web ") else f"no pods: {got.stderr.strip() or got.stdout.strip()}"

    def settings(self):
        path = f"{Path(self.program).parent}{os.pathsep}{os.environ['PATH']}"
        return {"HOME": str(self.home), "PATH": path, "LANG": "C.UTF-8"}
