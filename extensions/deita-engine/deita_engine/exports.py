"""A result in another format: a file beside its Arrow stream that grows while it is written.

JSON and workbooks wait for the statement's end; the others follow it while it still runs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from .growing import Followed, Growing
from .names import distinct
from .parquet import fits, write_parquet
from .reader import literal
from .result_files import read_through
from .settings import lock, open_instance
from .shapes import EngineError
from .spooled import Spooled
from .text_exports import write_text
from .xlsx import write_workbook

if TYPE_CHECKING:
    from .operations import Operation

FORMATS = ("parquet", "csv", "ndjson", "json", "xlsx")
FOLLOWING = ("csv", "ndjson", "parquet")


class Exports:
    """Writes exports into the spool."""

    def __init__(self, spooled: Spooled, temporary: Path, memory: int, threads: int) -> None:
        self.spooled, self.spool, self._open = spooled, spooled.spool, (temporary, memory)
        self._threads = threads

    def run(
        self, operation: Operation, query_id: str, format: str, raw: bool, growing: Growing | None, target: Path
    ) -> int:
        """Write one export, telling how far it is, and return its size; raises EngineError result_expired, not_allowed,
        no_result where it followed a statement that failed.
        """
        if format not in FORMATS:
            raise EngineError("not_allowed", f"There is no export format {format}.", details={"known": list(FORMATS)})
        if growing and format not in FOLLOWING:
            growing.wait_for_end(operation.check)
            growing = None
        source = self.spool.path(query_id)
        try:
            if format == "xlsx":  # sent when it is whole: the package's entries are gone over again at their ends
                self._write_workbook(operation, query_id, target, raw)
            else:
                with _stream(source, growing, operation.check) as stream:
                    self._write(operation, _told_apart(pa.ipc.open_stream(stream)), target, format, raw)
        except BaseException:  # whatever ended it, what it left goes first
            target.unlink(missing_ok=True)
            raise
        return target.stat().st_size

    def _write_workbook(self, operation: Operation, query_id: str, target: Path, raw: bool) -> None:
        with self.spooled.opened(query_id) as (cursor, rows):
            operation.uses(cursor)
            write_workbook(cursor, rows, target, raw=raw, check=operation.check)
            operation.uses(None)

    def _write(self, operation: Operation, reader: pa.RecordBatchReader, target: Path, format: str, raw: bool) -> None:
        def grow(size: int) -> None:
            operation.report("progress", size=size)

        if format == "parquet" and all(fits(field.type) for field in reader.schema):
            write_parquet(reader, target, operation.check, grow)
            return
        if format == "parquet":
            with self._instance(operation, target, self._threads) as connection:
                connection.register("result", reader)
                connection.execute(f"COPY (FROM result) TO {literal(target)} (FORMAT parquet)")
            return
        with self._instance(operation, target, 1) as connection:
            threads, check = self._threads, operation.check
            write_text(connection, reader, target, format, raw=raw, threads=threads, check=check, grow=grow)

    @contextlib.contextmanager
    def _instance(self, operation: Operation, target: Path, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
        """An instance that can write into the target's folder and nowhere else."""
        connection = open_instance(*self._open, threads, private=f"export-{target.name}")
        try:
            operation.uses(connection)
            lock(connection, [target.parent])
            yield connection
        finally:
            operation.uses(None)
            connection.close()


@contextlib.contextmanager
def _stream(path: Path, growing: Growing | None, check: Callable[[], None]) -> Iterator[Any]:
    stream = Followed(path, growing, check) if growing else read_through(path)
    try:
        yield stream
    finally:
        stream.close()


def _told_apart(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The same rows in columns whose names differ."""
    names = distinct(reader.schema.names)
    if names == reader.schema.names:
        return reader
    schema = pa.schema([field.with_name(name) for field, name in zip(reader.schema, names, strict=True)])
    batches = (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in reader)
    return pa.RecordBatchReader.from_batches(schema, batches)
