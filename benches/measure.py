"""Runs a command, and appends its CPU and wall time in milliseconds to a file: measure.py FILE COMMAND…

The kernel's own numbers for that one process, in microseconds; a shell's `time` rounds them.
"""

import os
import sys
import time

start = time.monotonic()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(child, 0)
wall = time.monotonic() - start
with open(sys.argv[1], "a", encoding="ascii") as times:
    print((used.ru_utime + used.ru_stime) * 1000, wall * 1000, file=times)
sys.exit(os.waitstatus_to_exitcode(status))
