"""How many statements and imports compute at once; the others wait their turn, as `queued`."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

POLL_SECONDS = 0.05


class Waiting(Protocol):
    """What waits: it can be interrupted, and says when it runs."""

    @property
    def check(self) -> Callable[[], None]:
        """Raise when it was interrupted."""

    @property
    def report(self) -> Callable[..., None]:
        """Tell the server what happened."""


class Slots:
    """A number of slots."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)

    @contextlib.contextmanager
    def taken(self, operation: Waiting) -> Iterator[None]:
        """Wait for a slot, report `running`, and hold the slot."""
        while not self._free.acquire(timeout=POLL_SECONDS):
            operation.check()
        try:
            operation.report("running")
            yield
        finally:
            self._free.release()
