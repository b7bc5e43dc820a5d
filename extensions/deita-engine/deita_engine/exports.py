"""A result in another format: a file beside its Arrow stream that grows while DuckDB writes it, made once and then
reused.

NDJSON follows the statement while it still runs; the others wait for its end. CSV keeps a spreadsheet from taking
text for a formula. The JSON formats are built in SQL, column by column, as the API promises values (see `values`);
only results with nested or rare types go through Python, which is about ten times slower.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from .catalog import quoted
from .growing import Followed, Growing
from .reader import literal
from .results import Spool, columns_of
from .settings import lock, open_instance
from .shapes import EngineError
from .values import column_values, is_text

WATCH_SECONDS = 0.05
FORMULA = "^[=+\\-@\t\r]"
COPY_OPTIONS = {
    "parquet": "FORMAT parquet",
    "csv": "FORMAT csv, HEADER true",
    "ndjson": "FORMAT json",
    "json": "FORMAT json, ARRAY true",
}
Grow = Callable[[int], None]
Uses = Callable[[Any], None]


class Exports:
    """Writes exports into the spool."""

    def __init__(self, spool: Spool, temporary: Path, memory: int, threads: int) -> None:
        self.spool, self._open = spool, (temporary, memory, threads)

    def run(self, query_id: str, format: str, raw: bool, growing: Growing | None, uses: Uses, grow: Grow) -> int:
        """Write one export and return its size; raises EngineError result_expired, not_allowed."""
        if format not in COPY_OPTIONS:
            raise EngineError(
                "not_allowed", f"There is no export format {format}.", details={"known": list(COPY_OPTIONS)}
            )
        if growing and format != "ndjson":
            growing.wait_for_end()
            growing = None
        source, target = self.spool.path(query_id), self.spool.path(query_id, f"raw.{format}" if raw else format)
        try:
            with _stream(source, growing) as stream, _watched(target, grow):
                reader = pa.ipc.open_stream(stream)
                self._write(reader, target, format, raw, uses)
        except BaseException:  # whatever ended it, what it left goes first
            target.unlink(missing_ok=True)
            raise
        return target.stat().st_size

    def _write(self, reader: pa.RecordBatchReader, target: Path, format: str, raw: bool, uses: Uses) -> None:
        if format in ("ndjson", "json"):
            chosen = _json_select(reader.schema)
            if chosen is None:
                _write_json(reader, target, format == "json")
                return
        else:
            chosen = _defused(reader.schema) if format == "csv" and not raw else "*"
        self._copy(reader, target, chosen, COPY_OPTIONS[format], uses)

    def _copy(self, reader: pa.RecordBatchReader, target: Path, chosen: str, options: str, uses: Uses) -> None:
        connection = open_instance(*self._open, private=f"export-{target.name}")
        try:
            uses(connection)
            connection.register("result", reader)
            lock(connection, [target.parent])
            connection.execute(f"COPY (SELECT {chosen} FROM result) TO {literal(target)} ({options})")  # noqa: S608
        finally:
            uses(None)
            connection.close()


@contextlib.contextmanager
def _stream(path: Path, growing: Growing | None) -> Iterator[Any]:
    try:
        stream = Followed(path, growing) if growing else pa.memory_map(str(path))
    except OSError as error:
        raise EngineError("result_expired", "The result is no longer kept.", "Run the query again.") from error
    try:
        yield stream
    finally:
        stream.close()


@contextlib.contextmanager
def _watched(target: Path, grow: Grow) -> Iterator[None]:
    """Tell how far the file has grown while it is written."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(WATCH_SECONDS):
            with contextlib.suppress(FileNotFoundError):
                grow(target.stat().st_size)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _defused(schema: pa.Schema) -> str:
    """The select list that puts a ' before text that a spreadsheet would run."""
    parts = []
    for field in schema:
        name = quoted(field.name)
        if is_text(field.type):
            test = f"regexp_matches({name}, {literal(FORMULA)})"
            parts.append(f"CASE WHEN {test} THEN '''' || {name} ELSE {name} END AS {name}")
        else:
            parts.append(name)
    return ", ".join(parts)


def _json_select(schema: pa.Schema) -> str | None:
    """The select list that gives each column its promised JSON form; None where SQL does not give it."""
    if len({name.casefold() for name in schema.names}) < len(schema.names):
        return None
    parts = [_json_value(quoted(field.name), field.type) for field in schema]
    if None in parts or not parts:
        return None
    return ", ".join(f"{part} AS {quoted(name)}" for part, name in zip(parts, schema.names, strict=True))


def _json_value(name: str, kind: pa.DataType) -> str | None:
    if pt.is_boolean(kind) or is_text(kind) or pt.is_date32(kind):
        return name
    if pt.is_integer(kind):
        if kind.bit_width < 64:
            return name
        return f"CASE WHEN {name} BETWEEN -{2**53} AND {2**53} THEN to_json({name}) ELSE to_json({name}::VARCHAR) END"
    if pt.is_decimal(kind):
        return f"{name}::VARCHAR"
    if pt.is_floating(kind):
        special = f"CASE WHEN isnan({name}) THEN 'NaN' WHEN {name} > 0 THEN 'Infinity' ELSE '-Infinity' END"
        return f"CASE WHEN isfinite({name}) OR {name} IS NULL THEN to_json({name}) ELSE to_json({special}) END"
    if pt.is_timestamp(kind):
        text = f"replace({name}::VARCHAR, ' ', 'T')"
        return f"replace({text}, '+00', 'Z')" if kind.tz else text
    return None


def _write_json(reader: pa.RecordBatchReader, target: Path, as_array: bool) -> None:
    names = _distinct([column.name for column in columns_of(reader.schema)] or list(reader.schema.names))
    between = ",\n" if as_array else "\n"
    started = False
    with target.open("w", encoding="utf-8") as out:
        out.write("[\n" if as_array else "")
        for batch in reader:
            columns = [column_values(column) for column in batch.columns]
            rows = (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
            text = between.join(
                json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False) for row in rows
            )
            if text:
                out.write((between if started else "") + text)
                out.flush()
                started = True
        out.write("\n]\n" if as_array else "\n" * started)


def _distinct(names: list[str]) -> list[str]:
    """Object keys must differ: a name that comes again gets its number."""
    seen: dict[str, int] = {}
    keys = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        keys.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return keys
