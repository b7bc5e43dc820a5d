"""How far running statements are, as DuckDB reckons it: told twice a second.

One thread looks at all of them, because most statements are over before anybody would ask. A connection reckons only
where it was told to (`reckon`), and of some plans DuckDB does not know.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from .operations import Operation

SECONDS = 0.5
COUNTING = {"enable_progress_bar": "true", "enable_progress_bar_print": "false"}


def reckon(connection: duckdb.DuckDBPyConnection) -> None:
    """Have a connection reckon; of a locked instance only where these settings may still be changed."""
    for name, value in COUNTING.items():
        connection.execute(f"SET {name} = {value}")


class Progress:
    """Watches the connections of operations."""

    def __init__(self) -> None:
        self._watched: dict[Operation, duckdb.DuckDBPyConnection] = {}
        self._lock = threading.Lock()
        self._any = threading.Event()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def told(self, operation: Operation, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Report how far what runs on the connection is, until the block is left."""
        with self._lock:
            self._watched[operation] = connection
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, daemon=True)
                self._thread.start()
        self._any.set()
        try:
            yield
        finally:
            with self._lock:  # nobody asks the connection any more, so that it can be closed
                del self._watched[operation]

    def _watch(self) -> None:
        while self._any.wait():
            self._any.clear()
            while self._watched:
                time.sleep(SECONDS)
                self._tell()

    def _tell(self) -> None:
        with self._lock:
            for operation, connection in self._watched.items():
                percent = connection.query_progress()
                if percent > 0:
                    operation.report("progress", progress=round(min(percent / 100, 0.99), 3))
