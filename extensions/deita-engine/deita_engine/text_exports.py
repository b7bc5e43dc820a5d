"""A result as CSV, NDJSON or JSON, piece by piece: each by a COPY of its own into a file of its own, several at a time,
appended to the export in their order.

Within one COPY, DuckDB keeps what it has formatted faster than the disk takes it, without a limit (1.1 GB of a CSV
file of 1.5 GB, beside a busy disk), and on several threads it copies the rows once more, to keep their order. So each
COPY has one thread here. (Tried: one COPY into a pipe, which keeps as much text; lines built in SQL, which take a third
more processor time.)

CSV keeps a spreadsheet from taking text for a formula. The JSON formats are built in SQL, column by column, as the API
promises values (see `values`); only results with nested or rare types go through Python, which is about ten times
slower.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.types as pt

from .catalog import quoted
from .pieces import Piece, cut, in_order
from .reader import literal
from .values import column_values, is_text, is_whole

MOST_THREADS = 4
"""More would wait for the one that appends."""
FORMULA = "=+-@\t\r"
"""What a text begins with that a spreadsheet would run."""
OPTIONS = {"csv": "FORMAT csv, HEADER {header}", "ndjson": "FORMAT json", "json": "FORMAT json, ARRAY true"}
ARRAY = (b"[\n", b",\n", b"\n]\n")
"""What stands before, between and after the objects of a JSON array, as DuckDB writes it, too."""


def write_text(
    connection: duckdb.DuckDBPyConnection,
    reader: pa.RecordBatchReader,
    target: Path,
    format: str,
    *,
    raw: bool,
    threads: int,
    check: Callable[[], None],
    grow: Callable[[int], None],
) -> None:
    """Write the rows of columns whose names differ, on so many threads; the connection's instance has one. `check` is
    called now and then and may raise, `grow` is told how many bytes are there.
    """
    chosen = _select(reader.schema, format, raw=raw)
    begin, between, end = ARRAY if format == "json" else (b"", b"", b"")

    def part(number: int) -> Path:
        return target.with_name(f"{target.name}.{number}.part")

    def write(number: int, piece: Piece) -> int:
        if chosen is None:
            part(number).write_bytes(begin + _objects(piece, format, check) + end)
            return number
        options = OPTIONS[format].format(header=str(not number).lower())
        with connection.cursor() as cursor:
            cursor.register("result", pa.RecordBatchReader.from_batches(reader.schema, piece))
            cursor.execute(f"COPY (SELECT {chosen} FROM result) TO {literal(part(number))} ({options})")  # noqa: S608
        return number

    try:
        with (
            target.open("wb", buffering=0) as out,
            contextlib.closing(in_order(cut(reader, check), write, min(threads, MOST_THREADS))) as written,
        ):
            out.write(begin)
            for number in written:
                check()
                out.write(between if number else b"")
                _append(part(number), out.fileno(), before=len(begin), after=len(end))
                part(number).unlink()
                grow(out.tell())
            out.write(end)
    finally:
        for left in target.parent.glob(f"{target.name}.*.part"):
            left.unlink()


def _append(part: Path, out: int, *, before: int, after: int) -> None:
    """Append the file but for its first and last bytes, of which there are so many."""
    with part.open("rb") as text:
        offset, end = before, os.fstat(text.fileno()).st_size - after
        while offset < end:
            offset += os.sendfile(out, text.fileno(), offset, end - offset)


def _select(schema: pa.Schema, format: str, *, raw: bool) -> str | None:
    if format == "csv":
        return "*" if raw else _defused(schema)
    return _json_select(schema)


def _defused(schema: pa.Schema) -> str:
    """The select list that puts a ' before text that a spreadsheet would run."""
    parts = []
    for field in schema:
        name = quoted(field.name)
        if is_text(field.type):
            test = f"ascii({name}) IN ({', '.join(str(ord(one)) for one in FORMULA)})"
            parts.append(f"CASE WHEN {test} THEN '''' || {name} ELSE {name} END AS {name}")
        else:
            parts.append(name)
    return ", ".join(parts)


def _json_select(schema: pa.Schema) -> str | None:
    """The select list that gives each column its promised JSON form; None where SQL does not give it."""
    parts = [_json_value(quoted(field.name), field.type) for field in schema]
    if None in parts or not parts:
        return None
    return ", ".join(f"{part} AS {quoted(name)}" for part, name in zip(parts, schema.names, strict=True))


def _json_value(name: str, kind: pa.DataType) -> str | None:
    if pt.is_boolean(kind) or is_text(kind) or pt.is_date32(kind):
        return name
    if pt.is_integer(kind) and kind.bit_width < 64:
        return name
    if pt.is_integer(kind) or is_whole(kind):
        number, text = f"to_json(try_cast({name} AS BIGINT))", f"to_json({name}::VARCHAR)"
        return f"CASE WHEN {name} BETWEEN -{2**53} AND {2**53} THEN {number} ELSE {text} END"
    if pt.is_decimal(kind):
        return f"{name}::VARCHAR"
    if pt.is_floating(kind):
        special = f"CASE WHEN isnan({name}) THEN 'NaN' WHEN {name} > 0 THEN 'Infinity' ELSE '-Infinity' END"
        return f"CASE WHEN isfinite({name}) OR {name} IS NULL THEN to_json({name}) ELSE to_json({special}) END"
    if pt.is_timestamp(kind):
        text = f"replace({name}::VARCHAR, ' ', 'T')"
        return f"replace({text}, '+00', 'Z')" if kind.tz else text
    return None


def _objects(piece: Piece, format: str, check: Callable[[], None]) -> bytes:
    """The rows as JSON objects, without what stands around them in an array."""
    texts = []
    for batch in piece:
        check()
        names, columns = batch.schema.names, [column_values(column) for column in batch.columns]
        rows = (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
        texts += [json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() for row in rows]
    return b",\n".join(texts) if format == "json" else b"".join(text + b"\n" for text in texts)
