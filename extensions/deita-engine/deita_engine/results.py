"""Results on disk: a query's rows as an uncompressed Arrow IPC stream in the person's spool, and pages of it.

The server sends the file while it grows; a kernel on the same machine maps it into memory, which is why it is not
compressed. DuckDB's own type names travel in the stream's schema metadata: Arrow's types alone do not give them back.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from .result_files import BatchIndex, indexed, with_columns
from .shapes import Column, EngineError, Page
from .values import rows_json

BATCH_ROWS = 2048
FIRST_PAGE_ROWS = 1000
WRITE_BYTES = 1024 * 1024
REPORT_BYTES = 4 * 1024 * 1024
REPORT_SECONDS = 0.05
KEPT_INDEXES = 16

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Written:
    """What was spooled: how many rows, whether `limit` cut them, and the first of them as they came."""

    rows: int
    truncated: bool
    head: tuple[pa.RecordBatch, ...]

    @property
    def is_short(self) -> bool:
        """Whether `head` is all of it."""
        return self.rows <= FIRST_PAGE_ROWS

    def first_page(self) -> bytes:
        """The head as JSON."""
        return rows_json(self.head)[0]


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
    ) -> Written:
        """Spool the rows.

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
    ) -> Written:
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
        return Written(rows, truncated, tuple(first))

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
                index = indexed(path)
                self._indexes[query_id] = index
            self._indexes.move_to_end(query_id)
            while len(self._indexes) > KEPT_INDEXES:
                self._indexes.popitem(last=False)
            return index
