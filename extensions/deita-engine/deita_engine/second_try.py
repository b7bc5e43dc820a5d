"""Where a read gets its second try: alone, in an instance of its own, with memory that is kept for this.

The memory is this process's and the limit DuckDB's: what takes memory past DuckDB is stopped by the operating system.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from .catalog import Catalog
from .reader import Reader
from .slots import Slots, Waiting


class SecondTry:
    """One place for one read at a time; its instance lives as long as the read does."""

    def __init__(self, catalog: Catalog, temporary: Path, memory: int, threads: int) -> None:
        self._catalog, self._open = catalog, (temporary / "second", memory, threads)
        self._slots = Slots(1)
        self._reader: Reader | None = None

    @contextlib.contextmanager
    def reader(self, operation: Waiting) -> Iterator[Reader]:
        """Wait for the place, report `running`, and hold a reader."""
        with self._slots.taken(operation):
            reader = self._reader = Reader(self._catalog, *self._open, 1)
            try:
                yield reader
            finally:
                self._reader = None
                reader.close()

    def stay_near(self) -> None:
        """What `Reader.stay_near` does, for the one that runs."""
        reader = self._reader
        if reader is not None:
            reader.stay_near()
