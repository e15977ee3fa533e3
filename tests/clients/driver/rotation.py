"""A provider whose refresh tokens are for one use, and a kubeconfig as a portal's command leaves it."""

import json
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode

from driver.process import Server, environment, together
from driver.report import wrong_refreshes
from driver.tools import CLIENTS, Missing

LIFE = 9
SECONDS = 4 * LIFE
PROCESSES = 8
PAUSE = 0.05


def check(modules, program, home, report):
    shutil.copy(CLIENTS / "oidc-provider/server.mjs", home)
    (home / "node_modules").symlink_to(modules)
    certificate(home)
    env = environment(home, program)
    with open(home / "provider.log", "w") as log:
        words = ["node", home / "server.mjs", home / "server.pem", home / "server.key", str(LIFE)]
        with Server(words, env, log) as server:
            Rotation(server.line(), home, program, env).check(report)


class Rotation:
    def __init__(self, issuer, home, program, env):
        self.issuer, self.home, self.program, self.env = issuer, home, program, env
        self.trust = ssl.create_default_context(cafile=home / "ca.pem")

    def check(self, report):
        _, login = self.send("/login")
        _, tokens = self.send("/token", form=json.loads(login))
        tokens = json.loads(tokens)
        self.adopt(tokens)
        kubeconfig = (self.home / "kubeconfig").read_text()
        left = [name for name in ("id_token", "refresh_token") if tokens[name] in kubeconfig]

        start = time.monotonic()
        outcomes = sum(together(*[lambda: self.use_until(start + SECONDS)] * PROCESSES), [])
        seconds, counts = time.monotonic() - start, self.counts()
        problems = [problem for problem in outcomes if problem]
        report.part(
            "single-use refresh tokens",
            f"{len(outcomes)} calls, {len(problems)} failed, {counts['granted']} refreshes in {seconds:.1f} s",
            problems and f"{len(problems)} calls failed, first: {problems[0]}",
            left and f"{left} in the kubeconfig",
            counts["refused"] and f"{counts['refused']} refreshes were refused",
            counts["ended"] and "the family was ended",
            wrong_refreshes(counts["granted"], seconds, LIFE),
        )

        # Somebody spends the first one again, which ends the family.
        form = {"grant_type": "refresh_token", "client_id": CLIENT, "refresh_token": tokens["refresh_token"]}
        status, answer = self.send("/token", form=form)
        ended = self.counts()
        time.sleep(LIFE)
        first, second = self.credential(), self.credential()
        sent = self.counts()["refused"] - ended["refused"]
        said = [line for line in first.stderr.splitlines() if "invalid_grant" in line]
        report.part(
            "a family that was ended",
            f"exit code {first.returncode}, {said[0].strip() if said else 'nothing is said'}",
            (status, "invalid_grant" in answer, ended["ended"]) != (400, True, 1) and "the provider did not end it",
            (first.returncode, second.returncode) != (10, 10) and f"not 10, {first.stderr}",
            first.stdout + second.stdout and "something is on stdout",
            (not said or "invalid_grant" not in second.stderr) and f"the refusal is not told: {second.stderr}",
            sent != 1 and f"the dead token was sent {sent} times, not once",
        )

    def adopt(self, tokens):
        """Turns the kubeconfig that a portal's command leaves into one that calls doorward"""
        config = {
            "client-id": CLIENT,
            "id-token": tokens["id_token"],
            "idp-certificate-authority-data": b64encode((self.home / "ca.pem").read_bytes()).decode(),
            "idp-issuer-url": self.issuer,
            "refresh-token": tokens["refresh_token"],
        }
        kubeconfig = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": self.issuer}}],
            "users": [{"name": "u", "user": {"auth-provider": {"name": "oidc", "config": config}}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "c",
        }
        path = self.home / "kubeconfig"
        path.write_text(json.dumps(kubeconfig))
        path.chmod(0o600)
        words = [self.program, "kubeconfig", "use-exec", "--quiet", "--kubeconfig", path, "--profile", PROFILE]
        subprocess.run(words, env=self.env, stdout=subprocess.DEVNULL, check=True, timeout=60)

    def use_until(self, end):
        """Asks for a token, and shows it to the provider, again and again; gives what was wrong with each"""
        outcomes = []
        while time.monotonic() < end:
            outcomes.append(self.problem())
            time.sleep(PAUSE)
        return outcomes

    def problem(self):
        got = self.credential()
        if got.returncode:
            return got.stderr.strip()
        status, _ = self.send("/whoami", token=json.loads(got.stdout)["status"]["token"])
        return status != 200 and "the token was not good"

    def credential(self):
        words = [self.program, "credential", f"--profile={PROFILE}"]
        return subprocess.run(words, env=self.env, capture_output=True, text=True, timeout=60)

    def counts(self):
        return json.loads(self.send("/counts")[1])

    def send(self, path, form=None, token=None):
        headers = {"authorization": f"Bearer {token}"} if token else {}
        body = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(self.issuer + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30, context=self.trust) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


def certificate(home):
    """A certificate for 127.0.0.1, by a throw-away CA"""
    (home / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    new = "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    for line in (
        f"{new} -x509 -days 2 -subj /CN=throw-away -keyout ca.key -out ca.pem",
        f"{new} -subj /CN=provider -keyout server.key -out server.csr",
        "openssl x509 -req -days 2 -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out server.pem",
    ):
        try:
            subprocess.run(line.split(), cwd=home, check=True, capture_output=True, timeout=60)
        except FileNotFoundError as error:
            raise Missing("no openssl") from error


PROFILE = "rotation"
CLIENT = "kubernetes"
