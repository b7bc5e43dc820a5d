"""Rows as Parquet or an Arrow stream: PostgreSQL writes CSV (COPY), pyarrow reads it with every type said.

COPY's CSV keeps an empty text (quoted) and nothing (unquoted) apart. Not taken: binary COPY, whose values psycopg makes
Python objects of, 20 times as slow; the ADBC driver, which gives numerics as text and cannot read infinity in dates.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as parquet
from psycopg import Connection

from deita_hub.reading.columns import Column
from deita_hub.reading.failures import RefusedError
from deita_hub.reading.frames import Frames
from deita_hub.reading.job import Format

BLOCK = 8 * 2**20
"""Bytes that pyarrow reads at once, and of the longest row: it has to be in one block."""
GROUP_ROWS, GROUP_BYTES = 122_880, 64 * 2**20
TYPES: dict[str, pa.DataType] = {
    "boolean": pa.bool_(), "int16": pa.int16(), "int32": pa.int32(), "int64": pa.int64(), "uint32": pa.uint32(),
    "float32": pa.float32(), "float64": pa.float64(), "text": pa.string(), "json": pa.string(), "date": pa.date32(),
    "time": pa.time64("us"), "timestamp": pa.timestamp("us"), "timestamptz": pa.timestamp("us", "UTC"),
    "uuid": pa.uuid(), "binary": pa.binary(),
}  # fmt: skip
AS_TEXT = {"binary": pa.string(), "uuid": pa.string(), "timestamptz": pa.timestamp("us")}
"""What is read from CSV first and then made what it is."""


def send(connection: Connection, text: str, columns: list[Column], format: Format, frames: Frames) -> int:
    """Write the rows of a statement, whose columns are c0, c1 and so on; returns how many there were.

    Raises RefusedError, psycopg.Error, TooManyBytesError.
    """
    schema = pa.schema([pa.field(each.name, _type(each)) for each in columns])
    sink = pa.PythonFile(frames, mode="w")
    with connection.cursor() as cursor, cursor.copy(f"COPY ({text}) TO STDOUT (FORMAT csv)".encode()) as copy:
        pieces = Pieces(copy)
        count = 0
        with _writer(format, sink, schema) as writer:
            for table in _groups(_batches(pieces, columns, schema), schema):
                count += table.num_rows
                writer.write_table(table)
                frames.say(b"P", {"rows": count})
        return count


def _writer(format: Format, sink: pa.NativeFile, schema: pa.Schema) -> Any:
    if format == "arrow":
        return pa.ipc.new_stream(sink, schema)
    return parquet.ParquetWriter(sink, schema, compression="zstd", version="2.6")


class Pieces(io.RawIOBase):
    """The pieces that COPY sends, as a file."""

    def __init__(self, pieces: Iterable[Any]) -> None:
        self._pieces, self._held = iter(pieces), memoryview(b"")

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the next pieces do; 0 at the end."""
        target, filled = memoryview(buffer).cast("B"), 0
        while filled < len(target):
            if not self._held:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._held = memoryview(piece)
            taken = min(len(self._held), len(target) - filled)
            target[filled : filled + taken], self._held = self._held[:taken], self._held[taken:]
            filled += taken
        return filled

    def is_empty(self) -> bool:
        """Whether there is nothing at all; asked before anything was read."""
        self._held = memoryview(next(self._pieces, b""))
        return not self._held


def _batches(pieces: Pieces, columns: list[Column], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    if pieces.is_empty():
        return
    names = [f"c{number}" for number in range(len(columns))]
    types = {name: AS_TEXT.get(each.kind, _type(each)) for name, each in zip(names, columns, strict=True)}
    try:
        reader = csv.open_csv(
            io.BufferedReader(pieces, 2**20),
            read_options=csv.ReadOptions(column_names=names, block_size=BLOCK, use_threads=False),
            parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False,
                true_values=["t"], false_values=["f"],
            ),
        )  # fmt: skip
        for batch in reader:
            yield pa.record_batch([_made(a, c) for a, c in zip(batch.columns, columns, strict=True)], schema=schema)
    except pa.ArrowInvalid as error:
        raise _refused(str(error), columns) from error


def _made(values: pa.Array, column: Column) -> pa.Array:
    if column.kind == "timestamptz":
        return values.cast(TYPES["timestamptz"])
    if column.kind == "binary":
        return pa.array(map(_bytes, values.to_pylist()), pa.binary())
    if column.kind == "uuid":
        stored = pa.array((_bytes(text and text.replace("-", "")) for text in values.to_pylist()), pa.binary(16))
        return pa.ExtensionArray.from_storage(pa.uuid(), stored)
    return values


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def _groups(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Enough batches at a time for a row group; at least one table, so that a file has its columns."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(b.num_rows for b in held) >= GROUP_ROWS or sum(b.nbytes for b in held) >= GROUP_BYTES:
            yield pa.Table.from_batches(held, schema)
            held = []
    yield pa.Table.from_batches(held, schema)


def _type(column: Column) -> pa.DataType:
    return pa.decimal128(column.digits, column.scale) if column.kind == "decimal" else TYPES[column.kind]


def _refused(said: str, columns: list[Column]) -> RefusedError:
    """What pyarrow could not read, by the column's own name and without the value."""
    if "straddling" in said or "block size" in said:
        message = f"A row is longer than {BLOCK // 2**20} MB."
        return RefusedError(
            "connection_row_too_large", message, "Leave the long column out, or cut it: left(text, 1000000)."
        )
    place = said.partition("column #")[2].partition(":")[0]
    number = int(place) if place.isdigit() else None
    name = columns[number].name if number is not None and number < len(columns) else None
    what = f"The column {name}" if name else "A column"
    hint = "Cast it in a query: SELECT …::text."
    return RefusedError(
        "connection_value", f"{what} holds a value that does not fit its type here.", hint, {"column": name}
    )
