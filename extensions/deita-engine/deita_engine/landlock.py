"""Landlock: a Linux process gives up, for itself and its children and for good, all files and ports but a few.

The system calls have no wrapper in the C library; numbers, structures and flags are those of the kernel's
documentation (https://docs.kernel.org/userspace-api/landlock.html). Only threads started afterwards are bound: it has
to be called before any other thread runs.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION = 1
PATH_BENEATH, NET_PORT = 1, 2
FIRST_USABLE, WITH_TRUNCATE, WITH_NETWORK, WITH_DEVICES, WITH_SCOPES = 2, 3, 4, 5, 6
"""Versions of the interface; the first one forbids every link between folders, which the lake needs."""
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE, IOCTL_DEV = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 15
ALL_OF_FILES = {FIRST_USABLE: (1 << 14) - 1, WITH_TRUNCATE: (1 << 15) - 1, WITH_DEVICES: (1 << 16) - 1}
OF_ONE_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READING = EXECUTE | READ_FILE | READ_DIR
CONNECT, CONNECT_AND_BIND = 0b10, 0b11
SIGNALS_AND_ABSTRACT_SOCKETS = 0b11


class Ruleset(ctypes.Structure):
    """`struct landlock_ruleset_attr`."""

    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64)]


class Beneath(ctypes.Structure):
    """`struct landlock_path_beneath_attr`."""

    _pack_ = 1
    _fields_ = [("access", ctypes.c_uint64), ("folder", ctypes.c_int32)]


class Port(ctypes.Structure):
    """`struct landlock_net_port_attr`."""

    _fields_ = [("access", ctypes.c_uint64), ("port", ctypes.c_uint64)]


def version() -> int:
    """The kernel's version of the interface; 0 where there is none."""
    return max(0, _call(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION, may_fail=True))


def restrict(readable: Iterable[Path], writable: Iterable[Path], ports: Iterable[int] | None = ()) -> tuple[str, ...]:
    """Give up what is not at or below these paths, and TCP but to these ports; paths that do not exist are left out.
    Without `ports` (None) all of TCP is kept.

    Returns what holds from now on: `files`, `network`, `signals`; nothing where the kernel is too old. The process must
    have given up new privileges (`PR_SET_NO_NEW_PRIVS`). Raises OSError.
    """
    known = version()
    if known < FIRST_USABLE:
        return ()
    files = max(rights for since, rights in ALL_OF_FILES.items() if since <= known)
    rules = Ruleset(
        files,
        CONNECT_AND_BIND if known >= WITH_NETWORK and ports is not None else 0,
        SIGNALS_AND_ABSTRACT_SOCKETS if known >= WITH_SCOPES else 0,
    )
    ruleset = _call(CREATE_RULESET, ctypes.byref(rules), ctypes.sizeof(rules), 0)
    try:
        for paths, rights in ((readable, READING), (writable, files)):
            for path in paths:
                _allow(ruleset, path, rights & files)
        for port in (ports or ()) if rules.network else ():
            _call(ADD_RULE, ruleset, NET_PORT, ctypes.byref(Port(CONNECT, port)), 0)
        _call(RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    held = {"files": True, "network": bool(rules.network), "signals": bool(rules.scopes)}
    return tuple(name for name, holds in held.items() if holds)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= OF_ONE_FILE
        _call(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(Beneath(rights, place)), 0)
    finally:
        os.close(place)


def _call(number: int, *arguments: object, may_fail: bool = False) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    result = int(library.syscall(ctypes.c_long(number), *arguments))
    if result < 0 and not may_fail:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
