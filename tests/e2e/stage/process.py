"""The stage's servers: each is started in a session of its own, and everything ends by its id."""

import os
import signal
import subprocess
import time

from stage.need import last_line
from stage.places import STAGE

RUN = STAGE / "run"
# Children that leave their session, as FastCGI servers do, still carry it.
MARK = "DOORWARD_E2E_STAGE"


class Failed(Exception):
    """A server that did not come up"""


def start(name, words, *, cwd=None, env=None):
    """Starts a server in the foreground of a session of its own, and remembers it"""
    log = STAGE / "logs" / f"{name}.log"
    with open(log, "ab") as file:
        process = subprocess.Popen(
            [str(word) for word in words],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd=cwd or STAGE,
            env=os.environ | {MARK: str(STAGE)} | (env or {}),
            start_new_session=True,
        )
    (RUN / f"{name}.pid").write_text(f"{process.pid} {start_time(process.pid)}\n")
    return process


def until(name, process, is_ready, within):
    """Waits until a server answers; one that ended, or needs too long, has failed"""
    end = time.monotonic() + within
    while not is_ready():
        log = STAGE / "logs" / f"{name}.log"
        if process.poll() is not None:
            raise Failed(f"{name} ended with {process.returncode}, see {log}: {last_line(log)}")
        if time.monotonic() > end:
            raise Failed(f"{name} did not answer within {within} s, see {log}: {last_line(log)}")
        time.sleep(0.1)


def wait_for(what, is_done, within):
    """Waits for what no server's own end would tell"""
    end = time.monotonic() + within
    while not is_done():
        if time.monotonic() > end:
            raise Failed(f"{what} did not come within {within} s")
        time.sleep(0.2)


def ours():
    """The ids of everything that the stage started, and of what that started"""
    leaders = {}
    for file in RUN.glob("*.pid"):
        pid, began = file.read_text().split()
        leaders[int(pid)] = began
    mark = f"{MARK}={STAGE}".encode()
    found = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        pid = int(entry.name)
        fields = stat(pid)
        if not fields or fields[0] == "Z":
            continue
        session = int(fields[3])
        # An id that came round again belongs to a stranger; it cannot while the session still has members.
        is_stranger = start_time(session) not in (None, leaders.get(session))
        if session in leaders and not is_stranger or mark in environment(pid):
            found.append(pid)
    return found


def stop():
    """Asks everything to end, and ends by force what does not; gives what was still there after that

    The patience is short: nothing that a stage has written is read again, and a kube-apiserver waits for the etcd that ends
    beside it.
    """
    for number, patience in ((signal.SIGTERM, 4), (signal.SIGKILL, 5)):
        for pid in ours():
            signalled(pid, number)
        end = time.monotonic() + patience
        while ours() and time.monotonic() < end:
            time.sleep(0.05)
    left = ours()
    if not left:
        for file in RUN.glob("*.pid"):
            file.unlink()
    return left


def stop_one(name, process, within=30):
    """Asks one server to end, such as one that was started to lay out a database"""
    signalled(process.pid, signal.SIGTERM)
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    (RUN / f"{name}.pid").unlink()


def signalled(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def stat(pid):
    """The fields after the program's name, which may hold blanks: state, parent, group, session, …"""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def start_time(pid):
    fields = stat(pid)
    return fields and fields[19]


def environment(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []
