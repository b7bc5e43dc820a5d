"""A circuit breaker: after some failures in a row nobody waits for the next one, until one try after a pause works."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from .shapes import EngineError

FAILURES, PAUSE_S = 2, 2.0


class Breaker:
    """Closed while things work; open for `PAUSE_S` seconds after `FAILURES` failures in a row; then one may try."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._failures, self._closed_again = 0, 0.0

    def check(self) -> None:
        """Raise EngineError storage_unavailable while nothing is to be tried."""
        with self._lock:
            if self._failures < FAILURES:
                return
            if self._clock() < self._closed_again:
                message = "The workspace's storage cannot be reached right now."
                raise EngineError("storage_unavailable", message, "Try again in a few seconds.")
            self._closed_again = self._clock() + PAUSE_S  # the others wait for what this one finds

    def worked(self) -> None:
        """It answered."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """It did not."""
        with self._lock:
            self._failures += 1
            self._closed_again = self._clock() + PAUSE_S
