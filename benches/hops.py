#!/usr/bin/env python3
"""Where a login's time goes: the servers' time for each request, and doorward's own beside it.

Usage: benches/hops.py [--doubles] [RUNS]

One login at each portal of the stage that is up (tests/e2e/up), or at the doubles where there is none; --doubles leaves a stage
alone. The program is the release build. Prints medians:

- servers: what `-v` says that a request took, from its connection to the last byte of the answer. That is server and network, and
  on the way doorward's own end of TLS;
- own: the rest of the wall time, which is pages, cookies, checks, the kubeconfig, and once the start of the process;
- CPU: the kernel's count for doorward's process, user and system, wherever it was spent.
"""

import contextlib
import json
import os
import shlex
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/e2e"), str(ROOT / "tests/clients")]

from driver import tools
from driver.process import Server


class Login:
    """A login that is measured again and again: its name, the words after the program's, its environment"""

    def __init__(self, name, words, environment):
        self.name, self.words, self.environment = name, words, environment
        self.runs = []

    def run(self, program, folder):
        """One login as a process; it ends by its own --timeout"""
        errors, kubeconfig = folder / "stderr", folder / "kubeconfig"
        kubeconfig.unlink(missing_ok=True)
        files = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        ]
        words = [str(word) for word in [program, *self.words(kubeconfig)]]
        start = time.monotonic()
        child = os.posix_spawn(program, words, self.environment, file_actions=files)
        _, status, used = os.wait4(child, 0)
        wall = (time.monotonic() - start) * 1000
        said = errors.read_text()
        if status:
            raise SystemExit(f"{self.name} failed with {os.waitstatus_to_exitcode(status)}:\n{said}")
        hops = [json.loads(line).get("hop") for line in said.splitlines() if line.startswith("{")]
        times = [hop["ms"] for hop in hops if hop]
        return len(times), wall, sum(times), (used.ru_utime + used.ru_stime) * 1000

    def row(self):
        requests, wall, servers, _ = (statistics.median(column) for column in zip(*self.runs))
        per_hop = [(there / hops, (whole - there) / hops, cpu / hops) for hops, whole, there, cpu in self.runs]
        there, own, cpu = (statistics.median(column) for column in zip(*per_hop))
        return f"{self.name:<64} {requests:>8.0f} {wall:>8.1f} {servers:>8.1f} {there:>9.2f} {own:>7.2f} {cpu:>7.2f}"


def main(runs, only_doubles):
    tools.cargo("build", "--quiet", "--release", "-p", "doorward-cli")
    program = tools.target() / "release/doorward"
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="doorward-hops-")))
        logins = [] if only_doubles else list(at_the_stage())
        logins = logins or [at_the_doubles(stack)]
        start = Login("adapters", lambda _: ["adapters"], {"PATH": os.environ["PATH"]})
        # The first run of each fills caches, and gives the consents that a provider remembers.
        for login in logins:
            login.run(program, folder)
        before = os.getloadavg()[0]
        # In turns, so that a busy moment of the machine hits all of them.
        for _ in range(runs):
            for login in [start, *logins]:
                login.runs.append(login.run(program, folder))
    print(f"{f'medians of {runs} logins each':<64} {'of a login, in ms':>26} {'of each request, in ms':>25}")
    print(f"{'':<64} {'requests':>8} {'wall':>8} {'servers':>8} {'servers':>9} {'own':>7} {'CPU':>7}")
    for login in logins:
        print(login.row())
    _, wall, _, cpu = (statistics.median(column) for column in zip(*start.runs))
    print(f"a process without a login takes {wall:.1f} ms and {cpu:.1f} ms of CPU, which are in each login once")
    print(f"load of the machine, with {os.cpu_count()} cores: {before:.1f} before, {os.getloadavg()[0]:.1f} after")


def at_the_stage():
    """The first row of each portal that ends well and needs no one-time code, whose window would be waited for"""
    from stage import login, plan
    from stage.case import GOOD
    from stage.tables import cases

    if not plan.STATE.exists():
        return
    up = set(json.loads(plan.STATE.read_text())["up"])
    seen = set()
    for case in cases():
        absent = [peer for peer in (*case.providers, *case.via, *case.needs) if peer not in up]
        if absent or case.code != GOOD or case.seed or case.file or case.portal in seen:
            continue
        seen.add(case.portal)
        who, secrets = login.signing_in(case, None)
        words = lambda kubeconfig, case=case, who=who: [*login.words(case, kubeconfig), *who]
        yield Login(case.name, words, login.settings() | secrets)


def at_the_doubles(stack):
    tools.cargo("build", "--quiet", "--release", "--example=doubles")
    server = stack.enter_context(Server([tools.target() / "release/examples/doubles"], os.environ, None))
    settings = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "DOORWARD_CA_ONLY": "true"}
    while line := server.line():
        name, value = shlex.split(line)[0].split("=", 1)
        settings[name] = value
    words = ["login", "-v", "--log-format=json", "--idp=okta", "--user-auth=auth-provider"]
    return Login("the doubles, OIDC: Okta's", lambda kubeconfig: [*words, f"--kubeconfig={kubeconfig}"], settings)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--doubles"]
    main(int(words[0]) if words else 21, "--doubles" in sys.argv)
