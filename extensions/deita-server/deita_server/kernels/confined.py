"""`python -m deita_server.kernels.confined FOLDER COMMAND…`: a kernel behind a viewer's page, kept to its own folder.

All kernels of a dashboard server run as one user of the operating system, each for one viewer. Where Linux has
Landlock, such a kernel opens programs and its own folder: not what other viewers' queries gave, not another kernel's
connection file, and no process's environment or memory, in which there are tokens. Of `/proc` it gets single files,
since `net/unix`, which each process has, names the sockets of all kernels. Its network is the server's.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from deita_engine import landlock

PR_SET_NO_NEW_PRIVS = 38
PROGRAMS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/run/systemd/resolve")
MACHINE = (
    *(
        "/proc/meminfo",
        "/proc/cpuinfo",
        "/proc/stat",
        "/proc/uptime",
        "/proc/loadavg",
        "/proc/sys",
        "/proc/filesystems",
    ),
    *("/sys/devices/system", "/sys/fs/cgroup"),
)
ITSELF = ("stat", "statm", "status", "maps", "cmdline", "comm", "environ", "cgroup", "limits", "mountinfo", "fd")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


def main(own: str, *command: str) -> None:
    """Give up everything else, then become the kernel."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    itself = (f"/proc/self/{name}" for name in ITSELF)
    environment = (sys.prefix, sys.base_prefix, *filter(None, sys.path))
    readable = map(Path, (*PROGRAMS, *MACHINE, *itself, *environment))
    landlock.restrict(readable, map(Path, (*DEVICES, own)), ports=None)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
