"""Which ports the stage's processes listen on, by what the kernel says and not by how they were configured."""

import contextlib
import os
import socket
import struct

from stage.places import PORTS
from stage.process import ours

LISTEN = "0A"
ANY_PEER = "07"  # of a UDP socket that nobody is connected to


def complaints():
    """One line for each port that is open to others, or that is none of the stage's"""
    known = set(PORTS.values())
    found = []
    for name, address, port, pid in sorted(listeners(ours())):
        if not address.startswith("127.") and address not in ("::1", "::ffff:127.0.0.1"):
            found.append(f"{program(pid)} ({pid}) listens on {name} {address}:{port}")
        elif port not in known:
            found.append(f"{program(pid)} ({pid}) listens on {name} port {port}, which is none of the stage's")
    return found


def listeners(pids):
    """Each listening socket of these processes: protocol, address, port, process"""
    owners = {}
    for pid in pids:
        for inode in sockets(pid):
            owners.setdefault(inode, pid)
    for name, state in (("tcp", LISTEN), ("tcp6", LISTEN), ("udp", ANY_PEER), ("udp6", ANY_PEER)):
        with open(f"/proc/net/{name}") as table:
            rows = [line.split() for line in table.readlines()[1:]]
        for row in rows:
            if row[3] == state and row[9] in owners:
                address, port = parse(row[1])
                yield name, address, port, owners[row[9]]


def sockets(pid):
    with contextlib.suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                target = os.readlink(entry.path)
                if target.startswith("socket:["):
                    yield target[8:-1]


def parse(text):
    """An address as the kernel writes it: words in the machine's own order of bytes"""
    address, port = text.split(":")
    words = [int(address[at : at + 8], 16) for at in range(0, len(address), 8)]
    raw = struct.pack(f"={len(words)}I", *words)
    family = socket.AF_INET if len(raw) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, raw), int(port, 16)


def program(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/comm") as file:
        return file.read().strip()
    return "a process that is gone"
