"""helm at the real API server, by `doorward exec` and by the kubeconfig of a login, with tokens that end while it waits."""

import json
import os
import shlex
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from peers import kube
from stage import login, need
from stage.case import GOOD, Case
from stage.kubectl import kubectl
from stage.places import E2E

NAME = "helm"
PACKAGE = "helm.sh/helm/v4/cmd/helm"
# How long the portal's tokens live, and for how long no pod is ready. The API server knows a token for ten seconds after it has looked
# at it, even if it ends meanwhile.
LIFE = 12
NOT_READY = LIFE + 3
LOGIN = 10
WITHIN = 150
# What a DaemonSet of one pod says of itself.
COUNTS = ("desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled", "numberReady", "numberAvailable")
SPACE = "--namespace=releases"
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
    "values.yaml": "greeting: hello\n",
    "templates/web.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {greeting: {{ .Values.greeting | quote }}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {greeting: {{ .Values.greeting | quote }}}
    spec:
      containers:
      - {name: web, image: "example.org/web:1"}
""",
}


def lacking(up):
    """What there must be, but is not; helm is built the first time"""
    if absent := {"oidc-provider", "kube"} - up:
        return f"{' and '.join(sorted(absent))} not up"
    try:
        helm()
    except need.Missing as missing:
        return str(missing)
    return None


def helm():
    return need.go_program(NAME, E2E / NAME, PACKAGE)


def rows(program):
    """Each row's name, and what is wrong with it, if anything"""
    for row in (by_exec, by_login):
        with tempfile.TemporaryDirectory(prefix="doorward-e2e-helm-") as folder:
            try:
                problem = row(Run(program, Path(folder)))
            except (subprocess.TimeoutExpired, Wrong) as error:
                problem = str(error)
        yield f"{NAME}: {row.__doc__}", problem


def by_exec(run):
    """under doorward exec it waits for longer than two tokens live, and none of its requests is refused"""
    # The first wait is one request that goes on, the second one asks again and again.
    script = f"""set -e
        "$0" install web "$1" {SPACE} --wait --timeout=60s >&2
        "$0" upgrade web "$1" {SPACE} --set=greeting=again --wait=legacy --timeout=60s >&2
        "$0" list {SPACE} --output=json
        "$0" uninstall web {SPACE} --wait >&2"""
    got = run.doorward("exec", "-v", "--log-format=json", *run.who, "--", "sh", "-c", script, helm(), run.chart, waits=2)
    said = [json.loads(line) for line in got.stderr.splitlines() if line.startswith("{")]
    requests = sum("hop" in line for line in said)
    # Each wait is longer than a token lives, so that each has a refresh.
    if requests < LOGIN + 2:
        raise Wrong(f"{requests} requests of doorward: no refresh while helm ran")
    return run.listed(got.stdout, 2) or run.is_clean()


def by_login(run):
    """with the kubeconfig of a login it asks once, and again when the token has ended, and none of its requests is refused"""
    places = [f"--profile-dir={run.folder / 'profiles'}", f"--cache-dir={run.folder / 'tokens'}"]
    kubeconfig = run.folder / "kubeconfig"
    run.doorward("login", *run.who, *places, f"--exec-command={run.plugin()}", f"--kubeconfig={kubeconfig}")
    run.helm(kubeconfig, "install", "web", run.chart, "--wait", "--timeout=60s", waits=1)
    asked = [run.asked()]
    listed = run.helm(kubeconfig, "list", "--output=json").stdout
    asked += [run.asked()]
    run.helm(kubeconfig, "uninstall", "web", "--wait")
    asked += [run.asked()]
    if asked != [2, 1, 1]:
        raise Wrong(f"install, list and uninstall asked doorward {asked} times")
    return run.listed(listed, 1) or run.is_clean()


class Wrong(Exception):
    """What is not as it must be"""


class Run:
    """One row: a chart, somebody who logs in, and what the API server says of it"""

    def __init__(self, program, folder):
        self.program, self.folder, self.chart = program, folder, folder / "web"
        for name, text in CHART.items():
            path = self.chart / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        case = Case(
            portal="oidc-provider-short",
            binding="OIDC query",
            state="consent",
            user="hilda",
            password="hilda-at-any",
            code=GOOD,
            requests=LOGIN,
            adapter="form",
            providers=("oidc-provider",),
            options=("--accept-consent",),
        )
        who, self.secrets = login.signing_in(case, folder)
        self.who = [*login.settings_of(case), *who]
        self.admin = (kube.FOLDER / "admin.csv").read_text().partition(",")[0]
        # What a run before this one has left.
        self.ask("delete", "daemonsets,configmaps,secrets", "--all")
        self.refused = self.refusals()

    def doorward(self, *words, waits=0):
        return self.call([self.program, *words], self.secrets, waits)

    def helm(self, kubeconfig, *words, waits=0):
        return self.call([helm(), *words, SPACE], {"KUBECONFIG": str(kubeconfig)}, waits)

    def call(self, words, more, waits):
        settings = {"HOME": str(self.folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | more
        end = threading.Event()
        cluster = threading.Thread(target=self.play_controller, args=(waits, end))
        cluster.start()
        try:
            got = subprocess.run(
                words, env=settings, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WITHIN
            )
        finally:
            end.set()
            cluster.join()
        if got.returncode:
            last = [line for line in got.stderr.splitlines() if not line.startswith("{")][-3:]
            raise Wrong(f"{shlex.join(map(str, words[1:3]))} ended with {got.returncode}: {' '.join(last) or got.stderr[-300:]}")
        return got

    def play_controller(self, times, end):
        """Says of each generation of the DaemonSet that its pods are there, once the token of its beginning has ended"""
        for generation in range(1, times + 1):
            while not end.is_set() and self.ask("get", "daemonset/web", "--output=jsonpath={.metadata.generation}") != str(generation):
                end.wait(0.3)
            end.wait(NOT_READY)
            status = dict.fromkeys(COUNTS, 1)
            status |= {"numberMisscheduled": 0, "observedGeneration": generation}
            patch = f"--patch={json.dumps({'status': status})}"
            self.ask("patch", "daemonset/web", "--subresource=status", "--type=merge", patch)

    def ask(self, *words):
        return kubectl(self.admin, SPACE, *words).stdout.strip()

    def refusals(self):
        """How many requests the API server did not know the sender of, since it began"""
        lines = [line for line in self.ask("get", "--raw=/metrics").splitlines() if line.startswith("authentication_attempts{")]
        if not lines:
            raise Wrong("the API server does not count who came")
        return sum(float(line.rpartition(" ")[2]) for line in lines if 'result="success"' not in line)

    def plugin(self):
        """doorward, which leaves a mark each time it is called"""
        path = self.folder / "plugin"
        path.write_text(f'#!/bin/sh\necho called >>"$0.calls"\nexec {shlex.quote(str(self.program))} "$@"\n')
        path.chmod(0o700)
        return path

    def asked(self):
        """How many times it was, since the last time that this was asked"""
        calls = self.folder / "plugin.calls"
        count = calls.read_text().count("called") if calls.exists() else 0
        calls.unlink(missing_ok=True)
        return count

    def listed(self, said, revision):
        found = [(release["name"], release["status"], release["revision"]) for release in json.loads(said)]
        return None if found == [("web", "deployed", str(revision))] else f"listed: {found}"

    def is_clean(self):
        """Nothing is left of the release, and no request was refused: helm may end well where its last one was"""
        if left := self.ask("get", "daemonsets,configmaps,secrets", "--output=name"):
            return f"left: {left}"
        refused = self.refusals() - self.refused
        return f"{refused:.0f} requests were refused" if refused else None
