"""What the engine's process gives up before it sees a byte of anybody's: the operating system's layer of safety.

It is the last of three and the only one that does not trust DuckDB. There is no limit on processor time: RLIMIT_CPU
counts a process's whole life, and this one lives for many statements; the statement timer interrupts, and kills what
does not listen (`worker`).
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from . import landlock

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
OPEN_FILES = 4096
KILLED_FIRST = 500
"""Added to what the kernel reckons with when memory runs out (-1000 to 1000): rather the engine than the server."""
PROGRAM = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/timezone")
MACHINE = ("/proc/self", "/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/sys/vm", "/sys/fs/cgroup")
"""Not all of `/proc`: the environment of the server lies there."""
NETWORK = (
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/run/systemd/resolve",
)
"""What finding and trusting a host takes; only for an engine whose workspace lies elsewhere."""
DEVICES = (
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
    "/dev/random",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
)


def confine(options: dict[str, Any]) -> tuple[str, ...]:
    """Apply everything to this process; returns what the kernel keeps from it beside that (see `landlock`).

    Has to run before any thread is started, which importing duckdb does.
    """
    die_with_parent()
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    if options["address_space"]:
        limit(resource.RLIMIT_AS, options["address_space"])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Path("/proc/self/oom_score_adj").write_text(str(KILLED_FIRST))
    os.environ["TMPDIR"] = options["temporary"]
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    readable = {
        *PROGRAM,
        *MACHINE,
        *(NETWORK if options["ports"] else ()),
        sys.prefix,
        sys.base_prefix,
        *options["readable"],
        *(place for place in sys.path if place),
    }
    writable = (*DEVICES, *options["writable"])
    return landlock.restrict(map(Path, readable), map(Path, writable), options["ports"])


def limit(resource_: int, most: int) -> None:
    """Lower a limit for good, to `most` or to what it is already."""
    _, hard = resource.getrlimit(resource_)
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource_, (value, value))


def die_with_parent() -> None:
    """End with the server's thread that started this process, also when it is gone already."""
    parent = int(os.environ.get("DEITA_ENGINE_PARENT", "0"))
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent and os.getppid() != parent:
        os._exit(1)
