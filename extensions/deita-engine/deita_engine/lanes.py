"""Connections that statements run on, as many as may run at once, each of which measures what it runs.

DuckDB measures a connection that was told to, and nothing can be told any more once the instance is locked: so they are
opened before that and used again and again. A statement is judged and bound on a cursor of its snapshot and only runs
here; the way to the other connection costs one `SET schema`, and that only where the snapshot is another than before.
"""

from __future__ import annotations

import contextlib
import json
import queue
from collections.abc import Iterator

import duckdb

from .progress import reckon
from .shapes import Cost

MEASURED = {"CPU_TIME": "true", "SYSTEM_PEAK_BUFFER_MEMORY": "true"}


class Lane:
    """One connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection.cursor()
        reckon(self.connection)
        self.connection.execute("SET enable_profiling = 'no_output'")
        self.connection.execute(f"SET custom_profiling_settings = '{json.dumps(MEASURED)}'")
        self._schema = ""

    def turn_to(self, schema: str) -> None:
        """Let unqualified names be the tables of this schema."""
        if schema != self._schema:
            self.connection.execute(f"SET schema = '{schema}'")
            self._schema = schema

    def cost(self) -> Cost:
        """What the statement before cost; without numbers where DuckDB measured nothing (EXPLAIN, VALUES)."""
        found = json.loads(self.connection.get_profiling_information("json"))
        if "cpu_time" not in found:
            return Cost()
        return Cost(round(found["cpu_time"] * 1000, 3), found["system_peak_buffer_memory"])


class Unmeasured:
    """A cursor in the place of a lane, for EXPLAIN ANALYZE, which shows what its connection measures and no more."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def cost(self) -> Cost:
        """Nothing is known."""
        return Cost()


class Lanes:
    """So many connections of an instance that is not locked yet."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, count: int) -> None:
        self._free: queue.SimpleQueue[Lane] = queue.SimpleQueue()
        for _ in range(count):
            self._free.put(Lane(connection))

    @contextlib.contextmanager
    def taken(self, schema: str) -> Iterator[Lane]:
        """A lane on which the schema's names are known; waits while all are taken."""
        lane = self._free.get()
        try:
            lane.turn_to(schema)
            yield lane
        finally:
            self._free.put(lane)
