"""JSON: an array of objects, objects one after the other, or one object a line (NDJSON); nested values stay nested.

DuckDB's own reader of JSON guesses types from a sample and then gives up, or rounds, at the first value that differs.
Here the objects are cut apart once and kept with their numbers; the types come from all of them (`json_types`); what is
no object becomes a reject.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from deita_engine.catalog import quoted
from deita_engine.reader import literal
from deita_engine.shapes import EngineError

from .counts import Counts
from .detect import HEAD
from .encoding import text_encoding
from .json_types import structure_of
from .plan import Outcome, Reading, Target
from .previews import ODD_ROWS, RAW_CHARACTERS, RAW_LINES, preview_of
from .transcoding import utf8_file
from .typed import Field, Typed, load_typed, odd_rows, row_count, typed, unreadable

MAX_OBJECT = 16 * 1024 * 1024
PREVIEWED_BYTES = 64 * 1024 * 1024
PREVIEWED_ROWS = 20_000
BATCH = 1000
BLANK = b"\xef\xbb\xbf \t\r\n"


def load(reading: Reading, target: Target) -> Outcome:
    """Read the file; raises EngineError file_unreadable, file_empty, bad_recipe."""
    text = utf8_file(reading, _encoding(reading), bare=True)
    try:
        objects = _cut(reading, text, None)
        found = _typed(reading, objects)
        counts = _counts(reading, text, objects)
        return load_typed(reading.connection, found, target, _no_objects(reading, text, objects), counts)
    except duckdb.Error as error:
        raise unreadable(error) from error


def preview(reading: Reading) -> dict[str, Any]:
    """The first rows, with types from the whole file unless it is large; raises EngineError as `load` does."""
    text = utf8_file(reading, _encoding(reading), bare=True)
    try:
        objects = _cut(reading, text, PREVIEWED_ROWS if text.stat().st_size > PREVIEWED_BYTES else None)
        found = _typed(reading, objects)
        odd = itertools.islice(_no_objects(reading, text, objects), ODD_ROWS)
        shown = [*odd, *odd_rows(reading.connection, found, ODD_ROWS)]
        with text.open("rb") as file:
            raw = file.read(RAW_LINES * RAW_CHARACTERS).decode("utf-8", "replace").splitlines()
        return preview_of(reading.connection, found.plan, raw=raw, odd=shown)
    except duckdb.Error as error:
        raise unreadable(error) from error


def _counts(reading: Reading, text: Path, objects: str) -> Counts:
    if reading.format != "ndjson":
        return Counts("value", row_count(reading.connection, objects))
    counts = Counts("line")
    with text.open("rb") as file:
        for line in file:
            counts.total += 1
            counts.blank += line.isspace()
    return counts


def _encoding(reading: Reading) -> str:
    said = reading.given.get("encoding")
    with reading.path.open("rb") as file:
        return str(said) if said else text_encoding(file.read(HEAD))


def _cut(reading: Reading, text: Path, limit: int | None) -> str:
    """The objects, each with its number, as a relation; a line that is no JSON is there as NULL."""
    kind = "newline_delimited" if reading.format == "ndjson" else _kind(text)
    lenient = ", ignore_errors = true" if reading.format == "ndjson" else ""
    options = f"format = {literal(kind)}, maximum_object_size = {MAX_OBJECT}{lenient}"
    source = f"SELECT row_number() OVER () AS n, json FROM read_json_objects({literal(text)}, {options})"  # noqa: S608
    file = reading.folder / "objects.parquet"
    cut = f" LIMIT {limit}" if limit else ""
    reading.connection.execute(f"COPY ({source}{cut}) TO {literal(file)} (FORMAT parquet)")
    return f"read_parquet({literal(file)})"


def _kind(text: Path) -> str:
    with text.open("rb") as file:
        if not file.read(1024).lstrip(BLANK).startswith(b"["):
            return "unstructured"
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1024, 0))
        if not file.read().rstrip(BLANK).endswith(b"]"):  # DuckDB takes an array that stops after a value for whole
            raise EngineError("file_unreadable", "The JSON ends too early: its array is not closed.")
    return "array"


def _typed(reading: Reading, objects: str) -> Typed:
    only = f"(SELECT n, json FROM {objects} WHERE json_type(json) = 'OBJECT')"  # noqa: S608
    structure = structure_of(reading.connection, only)
    if not structure:
        empty = reading.connection.execute(f"SELECT count(*) = 0 FROM {objects}").fetchall()[0][0]  # noqa: S608
        if empty:
            raise EngineError("file_empty", "The file has no rows.")
        raise EngineError("file_unreadable", "The JSON holds no objects with names for their values.")
    parts, fields = [], []
    for number, group in enumerate(_groups(structure)):
        if "" in group:  # DuckDB's structs have no field without a name
            kind = group.pop("")
            parts.append(f"from_json(json_extract(json, '/'), {literal(json.dumps(kind))}) AS unnamed")
            fields.append(Field("", "unnamed", str(reading.connection.type(kind))))
        parts.append(f"from_json(json, {literal(json.dumps(group or {'': 'JSON'}))}) AS r{number}")
        for label, kind in group.items():
            fields.append(Field(label, f"r{number}.{quoted(label)}", str(reading.connection.type(kind))))
    fields.sort(key=lambda field: list(structure).index(field.label))
    source = f"(SELECT n, {', '.join(parts)} FROM {only})"  # noqa: S608
    recipe = {
        "version": 1,
        "format": reading.format,
        **reading.packing.recipe(),
        "encoding": _encoding(reading),
    }
    return typed(reading.connection, fields, source, "n", reading.given, recipe)


def _groups(structure: dict[str, str]) -> Iterable[dict[str, str]]:
    """The labels in groups without two that differ in upper and lower case only, which DuckDB takes for the same."""
    groups: list[dict[str, str]] = []
    for label, kind in structure.items():
        folded = label.casefold()
        free = (group for group in groups if all(other.casefold() != folded for other in group))
        group = next(free, None)
        if group is None:
            groups.append(group := {})
        group[label] = kind
    return groups


def _no_objects(reading: Reading, text: Path, objects: str) -> Iterable[dict[str, Any]]:
    """What is no object, as rejects."""
    cursor = reading.connection.cursor()
    cursor.execute(
        f"SELECT n, left(json, {RAW_CHARACTERS}) FROM {objects}"  # noqa: S608
        " WHERE json IS NULL OR json_type(json) <> 'OBJECT' ORDER BY n"
    )
    rows = iter(lambda: cursor.fetchmany(BATCH), [])
    found = itertools.chain.from_iterable(rows)
    return _with_lines(text, found) if reading.format == "ndjson" else _with_numbers(found)


def _with_numbers(found: Iterable[tuple[int, str]]) -> Iterable[dict[str, Any]]:
    for number, raw in found:
        yield {"line": number, "column": None, "raw": raw, "reason": f"Value {number} is no object."}


def _with_lines(text: Path, found: Iterable[tuple[int, str | None]]) -> Iterable[dict[str, Any]]:
    """The lines that hold the objects of these numbers: blank lines count as lines but hold none."""
    with text.open("rb") as file:
        numbered = ((line, content) for line, content in enumerate(file, 1) if content.strip())
        at = 0
        for number, parsed in found:
            line, content = next(itertools.islice(numbered, number - at - 1, None))
            at = number
            reason = "The line is no JSON." if parsed is None else "The line is no object."
            raw = content.rstrip(b"\r\n")[:RAW_CHARACTERS].decode("utf-8", "replace")
            yield {"line": line, "column": None, "raw": raw, "reason": reason}
