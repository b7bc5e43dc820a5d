"""Results on disk: a query's rows as an uncompressed Arrow IPC stream in the person's spool, and pages of it.

The server sends the file while it grows; a kernel on the same machine maps it into memory, which is why it is not
compressed. DuckDB's own type names travel in the stream's schema metadata: Arrow's types alone do not give them back.
"""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from .shapes import Column, EngineError, Page
from .values import rows_json

BATCH_ROWS = 2048
FIRST_PAGE_ROWS = 1000
WRITE_BYTES = 1024 * 1024
REPORT_BYTES = 4 * 1024 * 1024
REPORT_SECONDS = 0.05
TYPES_KEY = b"deita.columns"
KEPT_INDEXES = 16

Report = Callable[[int, int], None]


class Spool:
    """The folder with a person's results."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder, self.max_bytes = folder, max_bytes
        self._indexes: OrderedDict[str, BatchIndex] = OrderedDict()
        self._lock = threading.Lock()

    def path(self, query_id: str, suffix: str = "arrow") -> Path:
        """Where a query's result (or an export of it) lies."""
        return self.folder / f"{query_id}.{suffix}"

    def write(
        self,
        query_id: str,
        columns: tuple[Column, ...],
        reader: pa.RecordBatchReader,
        limit: int | None,
        report: Report,
    ) -> tuple[int, bool, bytes]:
        """Spool the rows; returns how many they are, whether `limit` cut them, and the first page as JSON.

        `report` is called with (bytes, rows) at the first batch and then every few megabytes or milliseconds. Raises
        EngineError result_too_large; what is raised while the statement runs passes through, and the file is removed.
        """
        path = self.path(query_id)
        try:
            return self._stream(path, columns, reader, limit, report)
        except BaseException:  # whatever ended it, what it left goes first
            path.unlink(missing_ok=True)
            raise

    def _stream(
        self, path: Path, columns: tuple[Column, ...], reader: pa.RecordBatchReader, limit: int | None, report: Report
    ) -> tuple[int, bool, bytes]:
        schema = with_columns(reader.schema, columns)
        rows, truncated, first, reported, last = 0, False, [], 0, 0.0
        with pa.output_stream(str(path), buffer_size=WRITE_BYTES) as sink, pa.ipc.new_stream(sink, schema) as writer:
            for batch in reader:
                if limit is not None and rows + batch.num_rows > limit:
                    batch, truncated = batch.slice(0, limit - rows), True
                if rows < FIRST_PAGE_ROWS:
                    first.append(batch.slice(0, FIRST_PAGE_ROWS - rows))
                if batch.num_rows:
                    writer.write_batch(batch.replace_schema_metadata(schema.metadata))
                    rows += batch.num_rows
                size = sink.tell()
                if size > self.max_bytes:
                    raise EngineError(
                        "result_too_large",
                        f"The result is larger than {self.max_bytes} bytes.",
                        "Add a LIMIT or aggregate.",
                    )
                now = time.monotonic()
                if size - reported >= REPORT_BYTES or now - last >= REPORT_SECONDS:
                    sink.flush()
                    report(size, rows)
                    reported, last = size, now
                if truncated:
                    break
        return rows, truncated, rows_json(first)[0]

    def page(self, query_id: str, offset: int, limit: int) -> Page:
        """Rows of a finished result; raises EngineError result_expired when its file is gone."""
        index = self._index(query_id)
        rows, count = rows_json(index.batches(offset, limit), index.skip(offset), limit)
        return Page(index.columns, rows, count, index.row_count)

    def _index(self, query_id: str) -> BatchIndex:
        path = self.path(query_id)
        with self._lock:
            index = self._indexes.get(query_id)
            if index is None or not index.is_current(path):
                index = BatchIndex(path)
                self._indexes[query_id] = index
            self._indexes.move_to_end(query_id)
            while len(self._indexes) > KEPT_INDEXES:
                self._indexes.popitem(last=False)
            return index


class BatchIndex:
    """The batches of a spooled stream, mapped into memory, and where each one's rows begin."""

    def __init__(self, path: Path) -> None:
        try:
            self._identity = _identity(path)
            with pa.memory_map(str(path)) as mapped:
                reader = pa.ipc.open_stream(mapped)
                self.columns = columns_of(reader.schema)
                self._batches = list(reader)
        except (OSError, pa.ArrowInvalid) as error:
            raise EngineError("result_expired", "The result is no longer kept.", "Run the query again.") from error
        self._starts: list[int] = []
        self.row_count = 0
        for batch in self._batches:
            self._starts.append(self.row_count)
            self.row_count += batch.num_rows

    def is_current(self, path: Path) -> bool:
        """Whether the file is still the one that was indexed."""
        try:
            return _identity(path) == self._identity
        except OSError:
            return False

    def batches(self, offset: int, limit: int) -> Iterator[pa.RecordBatch]:
        """The batches that hold rows `offset` to `offset + limit`."""
        for start, batch in zip(self._starts, self._batches, strict=True):
            if start + batch.num_rows > offset and start < offset + limit:
                yield batch

    def skip(self, offset: int) -> int:
        """How many rows of the first of `batches` come before `offset`."""
        return next(
            (offset - s for s, b in zip(self._starts, self._batches, strict=True) if s + b.num_rows > offset), 0
        )


def with_columns(schema: pa.Schema, columns: tuple[Column, ...]) -> pa.Schema:
    """The schema with DuckDB's names and types of the columns in its metadata."""
    listed = json.dumps([[column.name, column.type] for column in columns]).encode()
    return schema.with_metadata({**(schema.metadata or {}), TYPES_KEY: listed})


def columns_of(schema: pa.Schema) -> tuple[Column, ...]:
    """The columns that `with_columns` wrote down."""
    listed = json.loads((schema.metadata or {}).get(TYPES_KEY, b"[]"))
    return tuple(Column(name, kind) for name, kind in listed)


def _identity(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
