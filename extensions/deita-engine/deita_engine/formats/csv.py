"""CSV files: DuckDB's sniffer finds the dialect, the outcome is a recipe, and a recipe alone says how to read.

A recipe is complete: reading uses nothing that is not in it, so the same recipe on the same bytes gives the same
table. Two things are decided here and not by the sniffer: the quote is `"` also when the sample showed none (a later
row may), and words like NA count as nothing only when that turns a column of text into numbers or dates; which words
those are is in the recipe.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from deita_engine.catalog import quoted
from deita_engine.errors import from_duckdb
from deita_engine.lake_types import held_type
from deita_engine.names import unique_names
from deita_engine.reader import literal
from deita_engine.shapes import EngineError

from .plan import Plan
from .unpack import Packing

NULL_WORDS = ("NA", "N/A", "n/a", "#N/A", "NULL", "null", "NaN", "nan", "None", "-", "--", "?", ".")
MAX_COLUMNS = 2000
MAX_LINE = 16 * 1024 * 1024
BUFFER = 2 * MAX_LINE
"""Said, because DuckDB otherwise takes sixteen lines of the allowed length: 40 % slower on a file of 1 GB."""
SAMPLE_ROWS = 20_480
DELIMITERS = ",;\t|"
RECIPE_KEYS = frozenset(
    {
        "version", "format", "compression", "member", "encoding", "delimiter", "quote", "escape", "comment", "header",
        "skip", "columns", "null_words", "date_format", "timestamp_format", "decimal", "strict", "pad", "thousands",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Sniffed:
    """What DuckDB's sniffer said."""

    delimiter: str
    quote: str
    escape: str
    comment: str
    skip: int
    header: bool
    columns: dict[str, str]
    date_format: str | None
    timestamp_format: str | None


def recipe_of(
    connection: duckdb.DuckDBPyConnection, path: Path, packing: Packing, encoding: str, given: dict[str, Any]
) -> dict[str, Any]:
    """The complete recipe for a file (already plain UTF-8), what the caller gave taking precedence; raises EngineError
    file_unreadable.
    """
    unknown = set(given) - RECIPE_KEYS
    if unknown:
        raise EngineError(
            "bad_recipe", f"A CSV recipe has no {', '.join(sorted(unknown))}.", details={"known": sorted(RECIPE_KEYS)}
        )
    lenient = given.get("strict") is False
    plain = sniff(connection, path, given, [""], lenient=lenient)
    if not lenient and _looks_unsplit(plain):
        again = sniff(connection, path, given, [""], lenient=True)
        if len(again.columns) > len(plain.columns):
            plain, lenient = again, True
    null_words = given.get("null_words")
    if null_words is None:
        plain, null_words = _with_null_words(connection, path, given, plain, lenient)
    if len(plain.columns) > MAX_COLUMNS:
        raise EngineError("file_unreadable", f"The file has {len(plain.columns)} columns; {MAX_COLUMNS} are allowed.")
    return {
        "version": 1,
        "format": "csv",
        "compression": packing.compression,
        "member": packing.member,
        "encoding": encoding,
        "delimiter": plain.delimiter,
        "quote": plain.quote or '"',
        "escape": plain.escape or '"',
        "comment": plain.comment,
        "header": plain.header,
        "skip": plain.skip,
        "null_words": null_words,
        "date_format": plain.date_format,
        "timestamp_format": plain.timestamp_format,
        "decimal": ".",
        "strict": not lenient,
        **{key: value for key, value in given.items() if key != "columns"},
        "columns": {**plain.columns, **_known(given.get("columns"), plain.columns)},
    }


def _known(columns: dict[str, str] | None, sniffed: dict[str, str]) -> dict[str, str]:
    """The types the caller gave, by header; a column may be named by its snake-case name, too."""
    by_name = dict(zip(unique_names(sniffed), sniffed, strict=True))
    given = {
        (header if header in sniffed else by_name.get(header, header)): kind for header, kind in (columns or {}).items()
    }
    strange = sorted(set(given) - set(sniffed))
    if strange:
        message = f"The file has no column {', '.join(strange)}."
        raise EngineError("bad_recipe", message, details={"columns": list(sniffed)})
    return given


def _looks_unsplit(sniffed: Sniffed) -> bool:
    return len(sniffed.columns) == 1 and any(mark in next(iter(sniffed.columns)) for mark in DELIMITERS)


def _with_null_words(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    given: dict[str, Any],
    plain: Sniffed,
    lenient: bool,
) -> tuple[Sniffed, list[str]]:
    """Count words like NA as nothing if that gives a text column a better type: only the words that such columns
    hold.
    """
    if "VARCHAR" not in plain.columns.values():
        return plain, [""]
    lessened = sniff(connection, path, given, ["", *NULL_WORDS], lenient=lenient)
    better = [
        name
        for name, kind in plain.columns.items()
        if kind == "VARCHAR" and lessened.columns.get(name, "VARCHAR") != "VARCHAR"
    ]
    if not better or list(lessened.columns) != list(plain.columns):
        return plain, [""]
    used = _words_in(connection, path, lessened, better, lenient)
    if not used:
        return plain, [""]
    words = ["", *used]
    return sniff(connection, path, given, words, lenient=lenient), words


def _words_in(
    connection: duckdb.DuckDBPyConnection, path: Path, sniffed: Sniffed, columns: list[str], lenient: bool
) -> list[str]:
    texts = dict.fromkeys(sniffed.columns, "VARCHAR")
    recipe = _bare_recipe(sniffed, lenient)
    source = scan(path, {**recipe, "columns": texts, "null_words": [""]}, rejects=True)
    listed = ", ".join(literal(word) for word in NULL_WORDS)
    parts = [f"list(DISTINCT {quoted(c)}) FILTER ({quoted(c)} IN ({listed}))" for c in columns]
    row = connection.execute(f"SELECT {', '.join(parts)} FROM (FROM {source} LIMIT {SAMPLE_ROWS})").fetchall()[0]  # noqa: S608
    held = {word for words in row if words for word in words}
    return [word for word in NULL_WORDS if word in held]


def _bare_recipe(sniffed: Sniffed, lenient: bool) -> dict[str, Any]:
    return {
        "delimiter": sniffed.delimiter,
        "quote": sniffed.quote or '"',
        "escape": sniffed.escape or '"',
        "comment": sniffed.comment,
        "header": sniffed.header,
        "skip": sniffed.skip,
        "strict": not lenient,
    }


def sniff(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    given: dict[str, Any],
    null_words: list[str],
    *,
    lenient: bool = False,
    sample: int = SAMPLE_ROWS,
) -> Sniffed:
    """DuckDB's idea of the file, with what the caller gave fixed; raises EngineError file_unreadable."""
    options = {
        "delim": given.get("delimiter"),
        "quote": given.get("quote"),
        "escape": given.get("escape"),
        "comment": given.get("comment"),
        "header": given.get("header"),
        "skip": given.get("skip"),
        "dateformat": given.get("date_format"),
        "timestampformat": given.get("timestamp_format"),
        "decimal_separator": given.get("decimal"),
        "thousands": given.get("thousands"),
        "sample_size": sample,
        "nullstr": null_words,
        "compression": "none",
        "max_line_size": MAX_LINE,
        "buffer_size": BUFFER,
        **({"strict_mode": False, "null_padding": True, "ignore_errors": True} if lenient else {}),
    }
    fixed = ", ".join(f"{name} = {_value(value)}" for name, value in options.items() if value is not None)
    try:
        row = connection.execute(f"FROM sniff_csv({literal(path)}, {fixed})").fetchall()[0]
    except duckdb.Error as error:
        if not lenient:
            return sniff(connection, path, given, null_words, lenient=True, sample=sample)
        reason = from_duckdb(error).message.split("\n", 1)[0]
        raise EngineError("file_unreadable", f"The file cannot be read as CSV: {reason}") from error
    delimiter, quote, escape, _, comment, skip, header, columns, date_format, timestamp_format = row[:10]
    types = {column["name"]: column["type"] for column in columns}
    return Sniffed(
        _text(delimiter),
        _text(quote),
        _text(escape),
        _text(comment),
        skip,
        header,
        types,
        date_format,
        timestamp_format,
    )


def _text(value: str | None) -> str:
    return "" if value in (None, "(empty)") else str(value).replace("\\t", "\t")


def scan(path: Path, recipe: dict[str, Any], *, rejects: bool) -> str:
    """The `read_csv` call that a recipe stands for."""
    options: dict[str, Any] = {
        "auto_detect": False,
        "delim": recipe["delimiter"],
        "quote": recipe["quote"],
        "escape": recipe["escape"],
        "comment": recipe.get("comment") or "",
        "header": recipe["header"],
        "skip": recipe["skip"],
        "nullstr": recipe["null_words"],
        "dateformat": recipe.get("date_format"),
        "timestampformat": recipe.get("timestamp_format"),
        "decimal_separator": recipe.get("decimal"),
        "thousands": recipe.get("thousands"),
        "compression": "none",
        "max_line_size": MAX_LINE,
        "buffer_size": BUFFER,
        "store_rejects": rejects or None,
        "rejects_limit": REJECTS_LIMIT if rejects else None,
    }
    if not recipe.get("strict", True):
        options |= {"strict_mode": False, "null_padding": True}
    fixed = ", ".join(f"{name} = {_value(value)}" for name, value in options.items() if value is not None)
    types = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in recipe["columns"].items())
    return f"read_csv({literal(path)}, {fixed}, columns = {{{types}}})"


REJECTS_LIMIT = 100_000


def plan(path: Path, recipe: dict[str, Any], watched: dict[str, str] | None = None) -> Plan:
    """How to read the file by a complete recipe; `watched` has columns that are read as DOUBLE, and their
    expressions.
    """
    watched = watched or {}
    headers = list(recipe["columns"])
    names = unique_names(headers)
    types = [held_type(kind) for kind in recipe["columns"].values()]
    chosen = []
    for header, kind, name in zip(headers, types, names, strict=True):
        read = watched.get(header, quoted(header))
        same = kind == recipe["columns"][header]
        chosen.append(f"{read if same else f'CAST({read} AS {kind})'} AS {quoted(name)}")
    reading = {**recipe, "columns": {**recipe["columns"], **dict.fromkeys(watched, "DOUBLE")}}
    sql = f"SELECT {', '.join(chosen)} FROM {scan(path, reading, rejects=True)}"  # noqa: S608
    return Plan(sql, dict(zip(names, types, strict=True)), dict(zip(names, headers, strict=True)), recipe)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return literal(value)
