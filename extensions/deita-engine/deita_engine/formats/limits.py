"""What reading one file may use: threads, and memory in proportion to the file's size.

DuckDB takes what it may have: with 7 GB a CSV of 10.8 GB took 2.3 GB, with 1 GB 0.7 GB and no longer. A small file that
wants much unfolds to it (a page of one text, packed a thousandfold); like an archive, it may do so 250 times.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .unpack import MAX_RATIO

LEAST_BYTES, SPARING_BYTES = 300 * 10**6, 10**9
SPARING_RATIO = 50


@dataclass(frozen=True)
class Limits:
    """What all readings may use, or one of them: `memory` are DuckDB's bytes."""

    memory: int
    threads: int

    def sparing(self, size: int) -> Limits:
        """What most files of this many bytes need: 0.3 to 1 GB."""
        return self._within(max(LEAST_BYTES, min(SPARING_RATIO * size, SPARING_BYTES)))

    def most(self, size: int) -> Limits:
        """What a file of this many bytes may take when its rows are wide."""
        return self._within(may_unfold_to(size))

    def _within(self, memory: int) -> Limits:
        return replace(self, memory=min(self.memory, memory))


def may_unfold_to(size: int) -> int:
    """The bytes that a file of `size` bytes may be in memory."""
    return max(LEAST_BYTES, MAX_RATIO * size)
