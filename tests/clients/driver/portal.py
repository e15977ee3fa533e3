"""One login, and then kubectl, kube-rs and Python on its one profile, alone and all at once."""

import shlex
import subprocess
import sys
import time

from driver.process import Server, environment, together
from driver.report import not_zero, wrong_refreshes
from driver.tools import target

LIFE = 9
SECONDS = 3 * LIFE


def check(clients, program, home, meanwhile, report):
    """Runs each of the `clients`, which are loads by name, with `meanwhile` beside them, and then all at once"""
    env = environment(home, program)
    with Server([target() / "debug/examples/doubles", "--token-life", str(LIFE)], env, None) as doubles:
        kubeconfig = home / "kubeconfig"
        words = [program, "login", "--quiet", "--kubeconfig", kubeconfig]
        subprocess.run(words, env=env | settings(doubles), stdout=subprocess.DEVNULL, check=True, timeout=60)
        loads = {name: lambda make=make: make(kubeconfig, env) for name, make in clients.items()}

        def alone():
            for name, load in loads.items():
                measure(f"{name} alone", [load], doubles, report)

        together(alone, *meanwhile)
        # Twice each, so that one client meets itself, too.
        measure("all at once", [*loads.values(), *loads.values()], doubles, report)


def settings(doubles):
    """The variables of a login"""
    found = {}
    while line := doubles.line():
        name, value = shlex.split(line)[0].split("=", 1)
        if name.startswith("DOORWARD_"):
            found[name] = value
    return found


def measure(name, loads, doubles, report):
    before, start = counts(doubles), time.monotonic()
    outcomes = together(*loads)
    after, seconds = counts(doubles), time.monotonic() - start
    calls = sum(outcome[0] for outcome in outcomes)
    failed = sum(outcome[1] for outcome in outcomes)
    granted, refused, replayed, unauthorized, _ = (new - old for new, old in zip(after, before))
    report.part(
        name,
        f"{calls} calls, {failed} failed, {unauthorized} unauthorized, {granted} refreshes in {seconds:.1f} s",
        not calls and "no calls",
        not_zero(failed, "calls failed"),
        not_zero(unauthorized, "unauthorized"),
        not_zero(refused + replayed, "refresh tokens spent twice"),
        after[-1] != 1 and f"{after[-1]} logins, not 1",
        wrong_refreshes(granted, seconds, LIFE),
    )


def counts(doubles):
    numbers = " ".join(doubles.ask(question) for question in ("refreshes", "unauthorized", "logins"))
    return [int(number) for number in numbers.split()]


def kubectl(path):
    """One command after the other: each is a process that calls the plug-in once"""

    def load(kubeconfig, env):
        words = [path, "--kubeconfig", kubeconfig, "get", "pods", "--all-namespaces", "--no-headers"]
        calls = failed = 0
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            calls += 1
            got = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60)
            if got.returncode or len(got.stdout.splitlines()) != 1:
                failed += 1
                if failed == 1:
                    print(f"call {calls}: {got.stdout}{got.stderr}".strip(), file=sys.stderr, flush=True)
        return calls, failed

    return load


def program(*words):
    """A program that says how many calls it made, and how many failed"""

    def load(kubeconfig, env):
        command = [*words, kubeconfig, str(SECONDS)]
        got = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, timeout=SECONDS + 60)
        first = got.stdout.splitlines()[:1]
        if got.returncode or not first:
            raise RuntimeError(f"{words[0]} ended with {got.returncode}")
        calls, failed = first[0].split()
        return int(calls), int(failed)

    return load
