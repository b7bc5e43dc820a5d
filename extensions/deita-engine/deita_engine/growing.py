"""A result that is still being written, for those in the engine that read it behind the writer."""

from __future__ import annotations

import threading
from pathlib import Path

from .shapes import EngineError


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

    def wait(self, offset: int) -> int:
        """Wait until more than `offset` bytes are there or it is over; raises EngineError when the statement failed."""
        with self._condition:
            self._condition.wait_for(lambda: self._size > offset or self._over)
            return self._checked()

    def wait_for_end(self) -> int:
        """Wait until it is over."""
        with self._condition:
            self._condition.wait_for(lambda: self._over)
            return self._checked()

    def _checked(self) -> int:
        if self._failed:
            raise EngineError("query_failed", "The query failed before its result was complete.")
        return self._size


class Followed:
    """A file read no further than it has grown; Arrow's stream reader takes it for a file."""

    def __init__(self, path: Path, growing: Growing) -> None:
        growing.wait(0)
        self._file = path.open("rb", buffering=0)
        self._growing = growing
        self._offset = 0
        self.closed = False

    def read(self, count: int = -1) -> bytes:
        """Exactly `count` bytes unless the file ends before."""
        parts: list[bytes] = []
        missing = count
        while missing > 0:
            size = self._growing.wait(self._offset)
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
