"""The gate's own kubectl, in a home without settings."""

import functools
import os
import subprocess

from stage.places import PORTS, STAGE

from driver import tools


@functools.cache
def program():
    return tools.kubectl()


def kubectl(token, *words):
    """A command with nothing but a token"""
    server = ["--server", f"https://127.0.0.1:{PORTS['KUBE']}", "--certificate-authority", STAGE / "keys/ca.pem"]
    return call(*server, "--token", token, *words)


def call(*words):
    settings = {"HOME": str(STAGE / "www"), "PATH": os.environ["PATH"], "KUBECONFIG": "/dev/null"}
    command = [program(), *words]
    return subprocess.run(command, env=settings, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
