"""What is on the stage, in which order it comes up, and what is said of what cannot."""

import json
import os
import socket
import sys
import time

from peers import dex, keycloak, kube, lemonldap, oidc_provider, own_key, simplesamlphp
from stage import gateway, keys, process, smoke
from stage.need import Missing
from stage.places import E2E, PORTS, STAGE, make_stage

from driver.process import together

PROVIDERS = [lemonldap, simplesamlphp, oidc_provider, keycloak, dex, own_key]
STATE = STAGE / "stage.json"


class Plan:
    def __init__(self, names):
        every = {peer.NAME: peer for peer in [*PROVIDERS, kube]}
        if unknown := set(names) - set(every):
            raise SystemExit(f"there is no {', '.join(unknown)}, but {', '.join(every)}")
        self.wanted = [peer for name, peer in every.items() if name in names or not names]
        self.begin = time.monotonic()
        self.skipped = {}
        self.failed = {}
        self.up = []

    def bring_up(self):
        make_stage()
        STATE.unlink(missing_ok=True)
        if process.stop():
            raise SystemExit("the stage before this one does not end")
        # A process that was killed may be gone before its last thread is, and with it the port.
        end = time.monotonic() + 5
        while (taken := taken_ports()) and time.monotonic() < end:
            time.sleep(0.1)
        if taken:
            raise SystemExit(f"ports that something else has: {', '.join(taken)}")
        self.timed("keys", "made", keys.prepare)
        self.timed("gateway", "got", gateway.need_packages)
        got = [peer for peer in self.wanted if self.timed(peer.NAME, "got", peer.get)]
        if "gateway" in self.skipped or "keys" in self.skipped:
            raise SystemExit("without them there is no stage")
        self.start_all(got)
        STATE.write_text(json.dumps({"up": self.up, "skipped": self.skipped}))
        return self.outcome()

    def start_all(self, got):
        tunnel = [sys.executable, E2E / "stage/tunnel.py", PORTS["GATEWAY"], PORTS["TUNNEL"]]
        server = process.start("tunnel", tunnel)
        process.until("tunnel", server, lambda: is_taken(PORTS["TUNNEL"]), 20)
        providers = [peer for peer in got if peer is not kube]
        names = [peer.NAME for peer in providers]
        jobs = [lambda peer=peer: self.timed(peer.NAME, "up", peer.start, names) for peer in providers]
        outcomes = together(*jobs)
        started = [peer for peer, is_up in zip(providers, outcomes) if is_up]
        self.up = [peer.NAME for peer in started]
        issuers = {url: clients for peer in started for url, clients in peer.ISSUERS.items()}
        issuers |= gateway.issuers(self.up)
        is_open = self.timed("gateway", "up", gateway.start, self.up)
        if is_open and kube in got and self.timed("kube", "up", kube.start, issuers):
            self.up.append("kube")
        if is_open:
            self.timed("smoke", "done", self.smoke, issuers)

    def smoke(self, issuers):
        if found := smoke.complaints(self.up, issuers):
            raise process.Failed("\n    ".join(["", *found]))

    def timed(self, name, done, step, *arguments):
        """Runs a step, and says how long it took or why it is left out"""
        start = time.monotonic()
        try:
            step(*arguments)
        except Missing as missing:
            self.skipped[name] = str(missing)
            return say(f"{name:<14} SKIPPED: {missing}")
        except process.Failed as failed:
            self.failed[name] = str(failed)
            return say(f"{name:<14} FAILED: {failed}")
        print(f"{name:<14} {done} in {time.monotonic() - start:.1f} s", flush=True)
        return True

    def outcome(self):
        print(f"up after {time.monotonic() - self.begin:.0f} s: {' '.join(self.up)}", flush=True)
        if self.skipped:
            say(f"SKIPPED: {' '.join(self.skipped)}")
        return 1 if self.failed or self.skipped and all_is_required() else 0


def all_is_required():
    return os.environ.get("DOORWARD_E2E_REQUIRE") == "all"


def taken_ports():
    return [f"{name} {port}" for name, port in PORTS.items() if is_taken(port)]


def is_taken(port):
    with socket.socket() as attempt:
        attempt.settimeout(2)
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def say(text):
    print(text, file=sys.stderr, flush=True)
    return False
