"""The careful reader: Python cuts the lines of an irregular file, DuckDB turns the texts into values.

It is for files that DuckDB's reader cannot explain or would explain wrongly: ragged rows, stray quotes, notes at the
end, mixed line ends. The rows go as texts into a Parquet file with their line and raw text, so that the types can be
tried and changed without cutting again, and every value that does not fit names its line.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from .align import Aligner
from .counts import Counts
from .dialect import MAX_LINE, Dialect
from .profiles import MAX_VALUES, Profile
from .records import Record, records, too_long

BATCH = 20_000
LOOKED_AT = 4 * MAX_VALUES
MAX_ALIGNED = 5000
MAX_REPAIRED = 100
RAW_CHARACTERS = 4096
LINE, RAW = "deita:line", "deita:raw"


@dataclass
class Texts:
    """The rows of a file as texts: the Parquet file (columns c0, c1, …, LINE, RAW) and how many they are; the records
    that became none, as NDJSON {line, column, raw, reason}; the first of those that were repaired; the lines, counted,
    of a file that was cut to its end.
    """

    path: Path
    refused: Path
    rows: int = 0
    rejected: int = 0
    repaired: list[dict[str, Any]] = field(default_factory=list)
    counts: Counts = field(default_factory=lambda: Counts("line"))


def text_lines(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file with their ends (LF, CR LF or CR); raises EngineError line_too_long."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        yield from read_lines(file)


def read_lines(file: IO[str]) -> Iterator[str]:
    """As `text_lines`, from an open file."""
    number = 0
    while line := file.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise too_long(number)
        number += 1
        yield line


def cut(path: Path, recipe: dict[str, Any], folder: Path, check: Callable[[], None], limit: int | None = None) -> Texts:
    """Cut a file (UTF-8), or its first `limit` rows, by its recipe; raises EngineError line_too_long."""
    dialect = Dialect(recipe["delimiter"], recipe["quote"], recipe["escape"], recipe.get("comment") or "")
    width = len(recipe["columns"])
    texts = Texts(folder / "texts.parquet", folder / "refused.ndjson")
    counts = texts.counts
    lines = _without_first(counts.counted(text_lines(path)), recipe["skip"], counts)
    found = records(_without_last(lines, recipe["footer"], counts), dialect, width, recipe["skip"] + 1, counts)
    rows = islice(_rows(_without_header(found, int(recipe["header"]), counts), dialect, width, counts), limit)
    names = [f"c{number}" for number in range(width)]
    schema = pa.schema([*((name, pa.string()) for name in names), (LINE, pa.int64()), (RAW, pa.string())])
    with (
        pq.ParquetWriter(texts.path, schema, compression="snappy", use_dictionary=False) as writer,
        texts.refused.open("w", encoding="utf-8") as refused,
    ):
        while batch := list(islice(rows, max(BATCH // max(width // 20, 1), 100))):
            check()
            kept = [row for row in batch if isinstance(row, Row)]
            write_rejects((row for row in batch if not isinstance(row, Row)), refused)
            repaired = (_odd(row.record, row.reason) for row in kept if row.reason)
            texts.repaired += islice(repaired, MAX_REPAIRED - len(texts.repaired))
            texts.rows += len(kept)
            texts.rejected += len(batch) - len(kept)
            writer.write_table(_table(kept, schema))
    return texts


def _table(rows: list[Row], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*(row.fields for row in rows), strict=True)) or [()] * (len(schema) - 2)
    arrays = [pa.array(column, pa.string()) for column in columns]
    arrays.append(pa.array([row.record.line for row in rows], pa.int64()))
    arrays.append(pa.array([row.record.raw[:RAW_CHARACTERS] for row in rows], pa.string()))
    return pa.Table.from_arrays(arrays, schema=schema)


@dataclass(slots=True)
class Row:
    """A record with one field a column; `reason` says what had to be done for it."""

    record: Record
    fields: list[str]
    reason: str | None = None


def _rows(found: Iterable[Record], dialect: Dialect, width: int, counts: Counts) -> Iterator[Row | dict[str, Any]]:
    """Each record as a row or a reject. What columns look like is learned from the first regular records."""
    source = iter(found)
    seen = list(islice(source, LOOKED_AT))
    regular = [record.fields for record in seen if not record.wrong and len(record.fields) == width]
    profiles = [Profile([fields[column] for fields in regular]) for column in range(width)] if regular else []
    aligner, left = Aligner(dialect, profiles), MAX_ALIGNED
    for record in chain(seen, source):
        if not record.raw and width > 1:
            counts.blank += 1
            continue
        counts.continued += record.lines - 1
        if _has_empty_surplus(record, width) and (left <= 0 or aligner.fits(record.fields[:width])):
            record.fields = record.fields[:width]
        if len(record.fields) == width and not record.wrong:
            yield Row(record, record.fields)
            continue
        left -= 1
        yield _repaired(record, aligner, width) if left >= 0 and profiles else _as_it_is(record, width)


def _has_empty_surplus(record: Record, width: int) -> bool:
    return len(record.fields) > width and not any(record.fields[width:]) and not record.wrong


def _repaired(record: Record, aligner: Aligner, width: int) -> Row | dict[str, Any]:
    if len(record.fields) == width:
        return Row(record, aligner.mended(record.raw, record.fields) or record.fields, record.wrong)
    done = aligner.aligned(record.raw, record.fields)
    return Row(record, *done) if done else _as_it_is(record, width)


def _as_it_is(record: Record, width: int) -> Row | dict[str, Any]:
    if len(record.fields) == width:
        return Row(record, record.fields, record.wrong)
    if _has_empty_surplus(record, width):
        return Row(record, record.fields[:width], "there are empty fields after the last column")
    return _odd(record, f"{width} fields are expected, there are {len(record.fields)}")


def _odd(record: Record, reason: str | None) -> dict[str, Any]:
    return {"line": record.line, "column": None, "raw": record.raw[:RAW_CHARACTERS], "reason": reason}


def _without_header(found: Iterator[Record], count: int, counts: Counts) -> Iterator[Record]:
    while count:
        record = next(found, None)
        if record is None:
            return
        if record.raw:
            count -= 1
            counts.header += record.lines
        else:
            counts.blank += 1
    yield from found


def _without_first(lines: Iterator[str], count: int, counts: Counts) -> Iterator[str]:
    for _ in islice(lines, count):
        counts.above += 1
    yield from lines


def _without_last(lines: Iterable[str], count: int, counts: Counts) -> Iterator[str]:
    if not count:
        yield from lines
        return
    held: deque[str] = deque()
    for line in lines:
        held.append(line)
        if len(held) > count:
            yield held.popleft()
    counts.below += len(held)


def write_rejects(rejects: Iterable[dict[str, Any]], out: IO[str]) -> None:
    """Write rejects as NDJSON."""
    for reject in rejects:
        out.write(json.dumps(reject, ensure_ascii=False) + "\n")
