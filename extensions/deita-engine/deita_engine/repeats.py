"""Reads that get a second try: after the engine was lost under them, when memory ran out while others computed, or when
the keys ended that they began with.

Whoever computed when an engine died may have killed it, and whoever found no memory may have taken it. So the second
try is alone (see `second_try`): what fails there failed by itself, and took nobody along twice. DuckDB opens the files
of a statement with the keys that there were when it began, also those that it opens late; one that began before a
renewal tries again where it was, with the new ones. A result of which somebody has read a part is not made again,
because rows may come in another order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from . import wire
from .runs import Run
from .shapes import EngineError


@dataclass
class Read:
    """A read under way: what it was asked with and had access with, whether it is on its second try, whether others
    computed beside it.
    """

    args: wire.Message
    access: wire.Message | None = None
    again: bool = False
    accompanied: bool = False


class Repeats:
    """The reads under way in a process, by number."""

    def __init__(self) -> None:
        self._reads: dict[int, Read] = {}

    def remember(self, number: int, args: wire.Message) -> None:
        """A read begins."""
        self._reads[number] = Read(args)

    def begins_with(self, number: int, access: wire.Message) -> None:
        """What the engine has access with when it is sent there."""
        if number in self._reads:
            self._reads[number].access = access

    def forget(self, number: int) -> bool:
        """A read is over; returns whether it was on its second try."""
        read = self._reads.pop(number, None)
        return read is not None and read.again

    def computes(self, number: int, others: Iterable[int]) -> None:
        """It begins to compute while others do."""
        for other in others:
            for one in (number, other):
                if one in self._reads:
                    self._reads[one].accompanied = True

    def next_try(self, number: int, run: Run, error: EngineError, access: wire.Message | None) -> wire.Message | None:
        """What to ask the engine once more, which has `access` by now; None when the read has failed for good."""
        read = self._reads.get(number)
        if read is None or run.result.is_followed or run.state == "cancelling":
            return None
        if error.code == "engine_lost" and run.state == "queued":  # it did nothing that could have harmed
            return read.args
        if not read.again and error.code == "storage_unavailable" and access != read.access:
            read.again = True
            return {**read.args, "snapshot": run.snapshot}
        if read.again or not (error.code == "engine_lost" or (error.code == "out_of_memory" and read.accompanied)):
            return None
        read.again = True
        read.args = {**read.args, "again": True, "snapshot": run.snapshot}
        return read.args


def explained(error: EngineError, share: int) -> EngineError:
    """The error of a second try; of one that ran out of memory it says how many bytes there were."""
    if error.code != "out_of_memory":
        return error
    message = f"The statement needs more memory than its share, {share // 1024**2} MB, beside others."
    hint = "Ask for fewer rows or columns, filter first, or run it while nothing else runs."
    return EngineError("out_of_memory", message, hint, {"share_bytes": share})
