"""How long each run may compute: armed when it is asked for, started when it begins, out when its time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Timers:
    """The statement timers of a process, by number of the run."""

    def __init__(self, over: Callable[[int], None]) -> None:
        self._over = over
        self._armed: dict[int, float] = {}
        self._running: dict[int, asyncio.TimerHandle] = {}
        self._out: set[int] = set()

    def arm(self, number: int, milliseconds: int | None) -> None:
        """A run may take so long, or as long as it wants."""
        if milliseconds:
            self._armed[number] = milliseconds / 1000

    def start(self, number: int) -> None:
        """It computes; when its time is over, `over` is told. On its second try it goes on with what is left."""
        if number in self._armed:
            seconds = self._armed.pop(number)
            self._running[number] = asyncio.get_running_loop().call_later(seconds, self.run_out, number)

    def run_out(self, number: int) -> None:
        """Its time is over."""
        self._out.add(number)
        self._over(number)

    def is_out(self, number: int) -> bool:
        """Whether its time is over."""
        return number in self._out

    def forget(self, number: int) -> None:
        """The run is over."""
        self._armed.pop(number, None)
        self._out.discard(number)
        timer = self._running.pop(number, None)
        if timer:
            timer.cancel()
