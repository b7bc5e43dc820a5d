"""A limit on failed attempts per address, kept in memory and bounded."""

from __future__ import annotations

import time
from collections import OrderedDict, deque


class Attempts:
    """At most `most` failures of one address within `seconds`; remembers at most `addresses` of them."""

    def __init__(self, most: int = 20, seconds: float = 60.0, addresses: int = 1024) -> None:
        self._most, self._seconds, self._addresses = most, seconds, addresses
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_for(self, address: str) -> int:
        """Seconds until this address may try again, 0 for at once."""
        times = self._failures.get(address)
        moment = time.monotonic()
        while times and times[0] <= moment - self._seconds:
            times.popleft()
        if not times or len(times) < self._most:
            return 0
        return int(times[0] + self._seconds - moment) + 1

    def failed(self, address: str) -> None:
        """Count a failure."""
        times = self._failures.setdefault(address, deque(maxlen=self._most))
        times.append(time.monotonic())
        self._failures.move_to_end(address)
        while len(self._failures) > self._addresses:
            self._failures.popitem(last=False)
