"""Result files as they are read, and where in them each row lies.

What is read here and there is mapped into memory, as far as the process has room for that: what is mapped counts as if
it were used, so that a large file would leave nothing for the work on it. Whoever reads all of a file reads it piece by
piece.
"""

from __future__ import annotations

import bisect
import contextlib
import itertools
import json
import resource
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.types as pt

from .shapes import Column, EngineError

TYPES_KEY = b"deita.columns"
SCANNED, KEPT = 4, 32
"""What part of the process's memory a file may take while it is scanned, or for as long as pages are asked for."""


def opened(path: Path, share: int) -> pa.NativeFile:
    """A result's file to read: mapped into memory where it takes no more than the `share`th part of what the process
    may map, otherwise read piece by piece. Raises EngineError result_expired.
    """
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    try:
        if most == resource.RLIM_INFINITY or path.stat().st_size <= most // share:
            return pa.memory_map(str(path))
    except FileNotFoundError as error:
        raise _expired() from error
    except OSError:  # there is not even so much room
        pass
    return read_through(path)


def read_through(path: Path) -> pa.NativeFile:
    """A result's file to be read from its beginning to its end; raises EngineError result_expired."""
    try:
        return pa.OSFile(str(path))
    except FileNotFoundError as error:
        raise _expired() from error


@contextlib.contextmanager
def opened_stream(path: Path) -> Iterator[pa.RecordBatchReader]:
    """The rows of a result's file; raises EngineError result_expired."""
    with opened(path, SCANNED) as file:
        try:
            reader = pa.ipc.open_stream(file)
        except pa.ArrowInvalid as error:
            raise _expired() from error
        yield reader


def _expired() -> EngineError:
    return EngineError("result_expired", "The result is no longer kept.", "Run the query again.")


def indexed(path: Path) -> BatchIndex:
    """Where the rows of a result lie; raises EngineError result_expired."""
    try:
        with opened(path, KEPT) as file:
            return BatchIndex(path, file) if isinstance(file, pa.MemoryMappedFile) else SeekingIndex(path, file)
    except (OSError, pa.ArrowInvalid) as error:
        raise _expired() from error


class BatchIndex:
    """The batches of a result, mapped into memory, and where each one's rows begin."""

    def __init__(self, path: Path, file: pa.NativeFile) -> None:
        self._path, self._identity = path, _identity(path)
        self._starts: list[int] = []
        self.row_count = 0
        reader = pa.ipc.open_stream(file)
        self.columns = columns_of(reader.schema)
        self._read(reader, file)

    def _read(self, reader: pa.RecordBatchReader, file: pa.NativeFile) -> None:
        self._batches = list(reader)
        for batch in self._batches:
            self._count(batch)

    def _count(self, batch: pa.RecordBatch) -> None:
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
        yield from self._batches[self._place(offset) : self._place(offset + limit - 1) + 1]

    def skip(self, offset: int) -> int:
        """How many rows of the first of `batches` come before `offset`."""
        return offset - self._starts[self._place(offset)] if self._starts else 0

    def _place(self, row: int) -> int:
        """The batch that holds a row."""
        return max(bisect.bisect_right(self._starts, row) - 1, 0)


class SeekingIndex(BatchIndex):
    """The same of a file that cannot be mapped: its batches are read anew for each page, from where they begin."""

    def _read(self, reader: pa.RecordBatchReader, file: pa.NativeFile) -> None:
        self._schema = reader.schema
        self._offsets: list[int] = []
        while True:
            begin = file.tell()
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            self._offsets.append(begin)
            self._count(batch)

    def batches(self, offset: int, limit: int) -> Iterator[pa.RecordBatch]:
        """The batches that hold rows `offset` to `offset + limit`."""
        first, last = self._place(offset), self._place(offset + limit - 1)
        with pa.OSFile(str(self._path)) as file:
            if any(pt.is_dictionary(field.type) for field in self._schema):  # those come first and cannot be skipped
                yield from itertools.islice(pa.ipc.open_stream(file), first, last + 1)
                return
            for place in range(first, min(last + 1, len(self._offsets))):
                file.seek(self._offsets[place])
                yield pa.ipc.read_record_batch(pa.ipc.read_message(file), self._schema)


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
