"""A result that is still being written, for those in the engine that read it behind the writer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from .shapes import EngineError

POLL_SECONDS = 0.1
Check = Callable[[], None]


class Growing:
    """How far a result's stream has grown."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._size = 0
        self._over = False
        self._failed = False

    def grow(self, size: int) -> None:
        """That many bytes are on disk."""
        with self._condition:
            self._size = size
            self._condition.notify_all()

    def end(self, size: int | None) -> None:
        """No more will come; None when the statement failed."""
        with self._condition:
            self._over, self._failed = True, size is None
            self._size = size or self._size
            self._condition.notify_all()

    def wait(self, offset: int, check: Check) -> int:
        """Wait until more than `offset` bytes are there or it is over; raises EngineError when the statement failed,
        and what `check` raises meanwhile.
        """
        with self._condition:
            self._until(lambda: self._size > offset or self._over, check)
            return self._checked()

    def wait_for_end(self, check: Check) -> int:
        """Wait until it is over."""
        with self._condition:
            self._until(lambda: self._over, check)
            return self._checked()

    def _until(self, condition: Callable[[], bool], check: Check) -> None:
        while not self._condition.wait_for(condition, POLL_SECONDS):
            check()

    def _checked(self) -> int:
        if self._failed:
            raise EngineError("no_result", "The query failed before its result was complete.")
        return self._size


class Followed:
    """A file read no further than it has grown; Arrow's stream reader takes it for a file."""

    def __init__(self, path: Path, growing: Growing, check: Check) -> None:
        growing.wait(0, check)
        self._file = path.open("rb", buffering=0)
        self._growing, self._check = growing, check
        self._offset = 0
        self.closed = False

    def read(self, count: int = -1) -> bytes:
        """Exactly `count` bytes unless the file ends before."""
        parts: list[bytes] = []
        missing = count
        while missing > 0:
            size = self._growing.wait(self._offset, self._check)
            chunk = self._file.read(min(missing, size - self._offset))
            if not chunk:
                break
            parts.append(chunk)
            self._offset += len(chunk)
            missing -= len(chunk)
        return b"".join(parts)

    def close(self) -> None:
        """Close the file."""
        self.closed = True
        self._file.close()
