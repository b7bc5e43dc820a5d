"""File locks: one `deita up` per home, and the lifeline by which every process notices that it is gone.

`deita up` holds the lifeline exclusively. The operating system releases it the moment that process ends, however it
ends, so a thread that waits for it in each other process is told at once, without polling and without signals. Locks
are advisory `flock`s: they belong to the open file, are not inherited across exec, and need a local disk.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType


class LockBusyError(Exception):
    """Somebody else holds the lock."""


class FileLock:
    """An exclusive lock on a file, held until `release` or the end of the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, timeout: float = 0.0) -> None:
        """Take the lock, waiting at most `timeout` seconds. Raises `LockBusyError`."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    raise LockBusyError(str(self.path.name)) from None
                time.sleep(0.05)
            else:
                self._descriptor = descriptor
                return

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> FileLock:
        self.acquire(timeout=30.0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def watch(path: Path, on_release: Callable[[], None]) -> None:
    """Call `on_release` in a daemon thread when the lifeline's holder is gone, then end this process."""

    def wait() -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        try:
            on_release()
        finally:
            os._exit(0)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
