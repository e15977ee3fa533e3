"""A login with the doorward of this workspace, and what it made, asked for by kubectl."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from stage import credentials, reported
from stage.kubectl import call
from stage.places import GATEWAY, NAMES, STAGE, url

from driver import tools

WITHIN = 60


def build():
    # The same choice of packages as in the gate's tests: another would compile most of them once more.
    tools.cargo("build", "--quiet", "--workspace", "--bin=doorward", "--example=doubles")
    return tools.target() / "debug/doorward"


def adapters(program):
    said = subprocess.run([program, "adapters"], stdout=subprocess.PIPE, text=True, check=True, timeout=30).stdout
    return {line.split()[0] for line in said.splitlines() if line.strip()}


class Outcome:
    """What a login came to: its exit code, how many requests it made, and what was wrong with it"""

    def __init__(self, case, program, asks_kubernetes):
        with tempfile.TemporaryDirectory(prefix="doorward-e2e-login-") as folder:
            kubeconfig, report = Path(folder) / "kubeconfig", Path(folder) / "report"
            who, secrets = signing_in(case, Path(folder))
            got = subprocess.run(
                [program, *words(case, kubeconfig), "--report", report, *who],
                env=settings() | secrets,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=WITHIN + 10,
            )
            self.said = got.stderr
            lines = [json.loads(line) for line in got.stderr.splitlines() if line.startswith("{")]
            self.code = got.returncode
            self.requests = sum("hop" in line for line in lines)
            self.problem = None if case.is_as_expected(self.code, self.requests) else self.explain(case, lines)
            if not self.problem:
                self.problem = reported.complaint(report, self.code, self.requests, secrets)
            if not self.problem and self.code == 0 and asks_kubernetes:
                self.problem = pods(kubeconfig)

    def explain(self, case, lines):
        last = lines[-1].get("message", "") if lines else self.said.strip()
        return f"exit code {self.code} after {self.requests} requests, not {case.code} after {case.requests}: {last}"


def words(case, kubeconfig):
    wanted = ["--kubeconfig", kubeconfig, "--user-auth", "token"]
    return ["login", "-v", "--log-format", "json", *wanted, *settings_of(case)]


def settings_of(case):
    """Where the login goes, and what it may do there"""
    found = ["--portal", url(f"{case.portal}.portal.test", "/k8stoken/token/user")]
    # Of two, each knows its own pages.
    found += [] if "+" in case.adapter else ["--idp", case.adapter]
    found += ["--ca-file", STAGE / "keys/ca.pem", "--timeout", str(WITHIN)]
    for name in case.via:
        found += ["--via", url(f"{name}.test")]
    portals = [f"{name}.portal.test" for name in (case.portal, case.past) if name]
    for host in [*NAMES, *portals]:
        found += ["--resolve", f"{host}:{GATEWAY}:127.0.0.1"]
    return [*found, *case.options]


def signing_in(case, folder):
    """The words that say who signs in where, and the variables with what is secret of it"""
    seed = {"DOORWARD_TOTP_SEED": case.seed} if case.seed else {}
    if case.file:
        # The places of its tables are named by it.
        file, passwords = credentials.write(case.file, folder)
        return ["--credentials-file", file], passwords | seed
    named = [word for name in case.providers for word in ("--idp-url", url(f"{name}.test"))]
    return ["--username", case.user, *named], {"DOORWARD_PASSWORD": case.password} | seed


def settings():
    # One home for all logins: what doorward remembers of one-time codes keeps two logins from sending the same.
    home = STAGE / "home"
    home.mkdir(mode=0o700, exist_ok=True)
    return {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


def pods(kubeconfig):
    """What is wrong with the answer of Kubernetes, if anything"""
    got = call("--kubeconfig", kubeconfig, "get", "pods", "--no-headers")
    return None if got.stdout.startswith("web ") else f"no pods: {got.stderr.strip() or got.stdout.strip()}"
