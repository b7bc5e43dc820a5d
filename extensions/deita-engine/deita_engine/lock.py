"""The lock around every write to a lake: one writer at a time, in this process and in others on this machine.

`flock` belongs to the open file, so that threads exclude each other like processes do, and the kernel lets go when a
process dies. It works on local disks only. The wait is polled because `flock` has no timeout.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .shapes import EngineError

POLL_SECONDS = 0.005


@contextlib.contextmanager
def write_lock(path: Path, timeout: float, check: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock; raises EngineError workspace_busy after `timeout` seconds, and whatever `check` raises
    meanwhile.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _acquire(descriptor, timeout, check)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, timeout: float, check: Callable[[], None]) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            check()
            if time.monotonic() > deadline:
                raise busy() from None
            time.sleep(POLL_SECONDS)
        else:
            return


def busy() -> EngineError:
    """The error for a lock that others hold."""
    return EngineError("workspace_busy", "Somebody else is writing to this workspace.", "Try again in a moment.")
