"""A spooled result as a table that SQL can read again and again, whatever its size.

The instance is one of its own, which can open nothing: the rows come from an Arrow stream that each scan opens anew,
mapped into memory, so that a scan of few columns touches few pages of the file. (Tried on 10 M rows × 7 columns: an
Arrow table in memory is not faster on two cores, and a Parquet or DuckDB copy must be written first and loses types.)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from .names import distinct
from .result_files import columns_of, opened_stream
from .results import Spool
from .settings import lock, open_instance

RELATION = "result"


class Rows:
    """The rows of a result file, in columns whose names differ; DuckDB asks for the stream at every scan."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with opened_stream(path) as reader:
            self._schema: pa.Schema = reader.schema
        self.columns = columns_of(self._schema)
        self.names = distinct([column.name for column in self.columns])

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        schema = pa.schema([field.with_name(name) for field, name in zip(self._schema, self.names, strict=True)])
        return pa.RecordBatchReader.from_batches(schema, self._batches(schema)).__arrow_c_stream__(requested_schema)

    def _batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        with opened_stream(self.path) as reader:
            for batch in reader:
                yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)

    @property
    def types(self) -> dict[str, str]:
        """DuckDB's types of the columns by their distinct names."""
        return {name: column.type for name, column in zip(self.names, self.columns, strict=True)}

    @property
    def spare(self) -> str:
        """A name that no column has."""
        taken = {name.casefold() for name in self.names}
        name = "place"
        while name in taken:
            name += "_"
        return name


class Spooled:
    """Opens results for SQL."""

    def __init__(self, spool: Spool, temporary: Path, memory: int, threads: int) -> None:
        self.spool = spool
        self._options = (temporary, memory, threads)
        self._instance: duckdb.DuckDBPyConnection | None = None

    @contextlib.contextmanager
    def opened(self, query_id: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, Rows]]:
        """A cursor that knows the result as `RELATION`; raises EngineError result_expired."""
        rows = Rows(self.spool.path(query_id))
        if self._instance is None:
            self._instance = open_instance(*self._options, private="results")
            lock(self._instance, [])
        cursor = self._instance.cursor()
        try:
            cursor.register(RELATION, rows)
            yield cursor, rows
        finally:
            cursor.close()
