"""Loading a CSV file: attempts with a recipe that gets better until no row is lost that could have been kept."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

import duckdb

from deita_engine.shapes import EngineError

from . import csv, integers, rejects
from .copying import copy
from .detect import HEAD
from .encoding import text_encoding
from .plan import Outcome, Reading, Target
from .previews import RAW_CHARACTERS, RAW_LINES, preview_of

ATTEMPTS = 5
WATCHED_BYTES = 64 * 1024
CHUNK = 4 * 1024 * 1024


def load(reading: Reading, target: Target) -> Outcome:
    """Read the file; raises EngineError file_unreadable, bad_recipe."""
    connection, given = reading.connection, reading.given
    readable, recipe = _readable(reading)
    fixed = frozenset(given.get("columns", ())) | ({"null_words"} & set(given))
    for attempt in range(ATTEMPTS):
        watched = integers.carried(recipe, fixed) if readable.stat().st_size > WATCHED_BYTES else []
        plan = csv.plan(readable, recipe, {column: integers.checked(column) for column in watched})
        last = attempt + 1 == ATTEMPTS
        try:
            rows = copy(connection, plan, target.rows)
        except duckdb.InvalidInputException as error:
            if integers.MESSAGE not in str(error) or last:
                raise
            rejects.clear(connection)
            recipe, large = integers.better_types(connection, readable, recipe, watched)
            fixed |= large
            rejects.clear(connection)
            continue
        rejected = rejects.count(connection)
        better = rejects.better_recipe(connection, recipe, rows, fixed) if rejected else None
        if better is None or last:
            break
        recipe = better
        rejects.clear(connection)
    if rejected:
        rejects.write(connection, recipe, target.rejects)
    return Outcome(plan, rows, rejected)


def preview(reading: Reading) -> dict[str, Any]:
    """The first rows as the recipe reads them; raises EngineError as `load` does."""
    readable, recipe = _readable(reading)
    with readable.open("rb") as file:
        lines = file.read(RAW_LINES * RAW_CHARACTERS).decode("utf-8", "replace").splitlines()
    return preview_of(reading.connection, csv.plan(readable, recipe), raw=lines)


def _readable(reading: Reading) -> tuple[Path, dict[str, Any]]:
    """The file as UTF-8 and its complete recipe."""
    encoding = _encoding(reading.path, reading.given)
    readable = _utf8(reading, encoding)
    return readable, csv.recipe_of(reading.connection, readable, reading.packing, encoding, reading.given)


def _encoding(path: Path, given: dict[str, Any]) -> str:
    said = given.get("encoding")
    if not said:
        with path.open("rb") as file:
            return text_encoding(file.read(HEAD))
    try:
        return codecs.lookup(said).name
    except LookupError as error:
        raise EngineError("bad_recipe", f"There is no encoding {said}.", details={"field": "encoding"}) from error


def _utf8(reading: Reading, encoding: str) -> Path:
    """The file itself, or a UTF-8 copy of it."""
    if encoding in ("utf-8", "utf-8-sig", "ascii"):
        return reading.path
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    readable = reading.folder / "utf8"
    with reading.path.open("rb") as source, readable.open("wb") as target:
        while chunk := source.read(CHUNK):
            reading.check()
            target.write(decoder.decode(chunk).encode())
        target.write(decoder.decode(b"", True).encode())
    return readable
