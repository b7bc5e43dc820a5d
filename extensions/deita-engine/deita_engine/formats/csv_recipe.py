"""From a CSV text to its complete recipe: dialect, layout, types, each with how sure it is.

Files up to WHOLE bytes are looked at as a whole, of larger ones the beginning; what shows up further down is met while
loading. A part of the recipe that is given is not questioned, and helps to find the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from deita_engine.names import unique_names
from deita_engine.shapes import EngineError

from .careful import read_lines, text_lines
from .column_types import Guess, day_order, guess
from .conversion import check_spec, type_of
from .dialect import Dialect
from .layout import Layout, lay_out
from .previews import choice
from .records import Record, records
from .sniffing import sniff
from .unpack import Packing

WHOLE, HEAD = 4 * 1024**2, 512 * 1024
TYPED_ROWS = 20_480
RECIPE_KEYS = frozenset(
    {
        "version", "format", "compression", "member", "encoding", "delimiter", "quote", "escape", "comment", "header",
        "skip", "footer", "columns", "null_words", "date_format", "timestamp_format", "decimal", "thousands", "strict",
    }
)  # fmt: skip
WHOLE_NUMBERS = {"skip": 10**12, "footer": 10**6, "header": 3}
TEXTS = {"delimiter": 4, "quote": 1, "escape": 1, "comment": 2, "decimal": 1, "thousands": 1, "encoding": 40}


@dataclass(frozen=True)
class Found:
    """A complete recipe, how sure its parts are, and what else the file holds ({title, recipe, rows})."""

    recipe: dict[str, Any]
    choices: list[dict[str, Any]]
    others: list[dict[str, Any]] = field(default_factory=list)


def check(given: dict[str, Any]) -> None:
    """Raise EngineError bad_recipe for a part that no recipe can have."""
    unknown = set(given) - RECIPE_KEYS
    if unknown:
        message = f"A CSV recipe has no {', '.join(sorted(unknown))}."
        raise EngineError("bad_recipe", message, details={"known": sorted(RECIPE_KEYS)})
    for key, most in WHOLE_NUMBERS.items():
        value = given.get(key)
        if value is not None and not (isinstance(value, int) and 0 <= value <= most):
            raise _bad(key, f"a whole number from 0 to {most}")
    for key, most in TEXTS.items():
        value = given.get(key)
        if value is not None and not (isinstance(value, str) and len(value.encode()) <= most):
            raise _bad(key, f"a text of at most {most} bytes")
    if given.get("delimiter") == "":
        raise _bad("delimiter", "a text that is not empty")
    words = given.get("null_words")
    if words is not None and not (isinstance(words, list) and all(isinstance(word, str) for word in words)):
        raise _bad("null_words", "a list of texts")
    columns = given.get("columns") or {}
    if not isinstance(columns, dict):
        raise _bad("columns", "an object of types by column")
    for label, spec in columns.items():
        check_spec(label, spec)


def _bad(key: str, expected: str) -> EngineError:
    return EngineError("bad_recipe", f"{key} must be {expected}.", details={"field": key})


def find(
    path: Path, packing: Packing, encoding: str, given: dict[str, Any], checked: Callable[[], None] = lambda: None
) -> Found:
    """The recipe of a UTF-8 file; raises EngineError bad_recipe, file_unreadable, line_too_long."""
    check(given)
    lines, whole = _sample(path)
    if not any(line.strip() for line in lines):
        raise EngineError("file_empty", "The file has no rows, not even a header.")
    skip = int(given.get("skip") or 0)
    sniffed = sniff([line.rstrip("\r\n") for line in lines[skip : skip + 2000]], given)
    dialect = sniffed.dialect
    found = list(records(lines[skip:], dialect, None, skip + 1))
    checked()
    header = None if given.get("header") is None else int(given["header"])
    layout = lay_out(found, dialect, header, start_known="skip" in given)
    rows = found[layout.first : layout.end]
    footer = _footer(found, layout, len(lines)) if whole else 0
    comment = _needed_comment(dialect, lines, layout, rows)
    labels = _labels(given, layout)
    width = len(labels)
    cut = (row.fields for row in rows[:TYPED_ROWS])
    regular = [fields[:width] for fields in cut if len(fields) >= width and not any(fields[width:])]
    guesses = _guesses(labels, regular, dialect, given)
    parts = {
        "version": 1,
        "format": "csv",
        "compression": packing.compression,
        "member": packing.member,
        "encoding": encoding,
        "delimiter": dialect.delimiter,
        "quote": dialect.quote,
        "escape": dialect.escape,
        "comment": comment,
        "skip": layout.skip,
        "header": layout.header,
        "footer": footer,
        **_written_ways(guesses, given),
    }
    recipe = {**parts, **{key: value for key, value in given.items() if key not in ("columns", "header")}}
    recipe.setdefault("strict", _is_regular(lines, rows, recipe, width))
    recipe["columns"] = {**recipe["columns"], **_known(given.get("columns"), recipe["columns"])}
    choices = [*sniffed.choices, *_choices(layout, guesses, recipe, given)]
    return Found(recipe, choices, _others(found, layout, recipe, len(lines)) if whole else [])


def _sample(path: Path) -> tuple[list[str], bool]:
    size = path.stat().st_size
    if size <= WHOLE:
        return list(text_lines(path)), True
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        lines: list[str] = []
        left = HEAD
        for line in read_lines(file):
            lines.append(line)
            left -= len(line)
            if left <= 0:
                break
    return lines, False


def _labels(given: dict[str, Any], layout: Layout) -> list[str]:
    """The labels of the file, or those of a recipe that names all columns of another width."""
    named = list(given.get("columns") or ())
    complete = {"delimiter", "skip", "header", "null_words", "strict"} <= set(given)
    return named if complete and named else list(layout.labels)


def _footer(found: Sequence[Record], layout: Layout, total: int) -> int:
    """How many lines at the end are no rows; blank lines alone need not be said."""
    if layout.end >= len(found) or all(not record.raw for record in found[layout.end :]):
        return 0
    return total - (found[layout.end].line - 1)


def _needed_comment(dialect: Dialect, lines: Sequence[str], layout: Layout, rows: Sequence[Record]) -> str:
    """The comment mark, unless all such lines are among those that are skipped anyway."""
    if not dialect.comment or not rows:
        return dialect.comment
    return dialect.comment if any(line.startswith(dialect.comment) for line in lines[layout.skip :]) else ""


def _guesses(
    labels: Sequence[str], rows: Sequence[Sequence[str]], dialect: Dialect, given: dict[str, Any]
) -> dict[str, Guess]:
    columns = list(zip(*rows, strict=True)) or [()] * len(labels)
    words = set(given.get("null_words") or ())
    texts = [[value for value in column if value not in words] if words else column for column in columns]
    orders = [order for column in texts if (order := day_order(column)) is not None]
    first = orders[0] if orders and len(set(orders)) == 1 else None
    return {label: guess(column, dialect.delimiter, first) for label, column in zip(labels, texts, strict=True)}


def _written_ways(guesses: dict[str, Guess], given: dict[str, Any]) -> dict[str, Any]:
    """Types, and what is written the same way in all columns said once for the file."""
    columns: dict[str, Any] = {label: found.spec for label, found in guesses.items()}
    used = {word for found in guesses.values() if type_of(found.spec) != "VARCHAR" for word in found.null_words}
    words = [word for found in guesses.values() for word in found.null_words if word in used]
    ways: dict[str, Any] = {"null_words": ["", *dict.fromkeys(words)], "decimal": ".", "thousands": None}
    for kind, key in (("DATE", "date_format"), ("TIMESTAMP", "timestamp_format")):
        ways[key] = _one_way(columns, kind, {"format"})
        if ways[key]:
            ways[key] = ways[key]["format"]
    numbers = _one_way(columns, "DOUBLE", {"decimal", "thousands"})
    if numbers and numbers.get("decimal") == ",":
        ways |= {"decimal": ",", "thousands": numbers.get("thousands")}
    return {**ways, "columns": columns}


def _one_way(columns: dict[str, Any], kind: str, keys: set[str]) -> dict[str, Any] | None:
    """The way all columns of a type are written, if it is one; their types become plain then."""
    of_kind = {label: spec for label, spec in columns.items() if type_of(spec) == kind}
    ways = {json.dumps(spec, sort_keys=True) for spec in of_kind.values()}
    if len(ways) != 1:
        return None
    spec = next(iter(of_kind.values()))
    if isinstance(spec, str) or not set(spec) <= keys | {"type"} or (kind == "DOUBLE" and spec.get("decimal") != ","):
        return None
    if kind == "DOUBLE" and any(type_of(s) in ("BIGINT",) for s in columns.values()) and spec.get("thousands"):
        return None
    columns.update(dict.fromkeys(of_kind, kind))
    return spec


def _is_regular(lines: Sequence[str], rows: Sequence[Record], recipe: dict[str, Any], width: int) -> bool:
    """Whether the fast reader can read what was seen."""
    if (
        recipe["footer"]
        or recipe["comment"]
        or len(recipe["delimiter"]) > 1
        or recipe["escape"] not in ('"', "\\", "'")
    ):
        return False
    if rows and rows[0].line - 1 != recipe["skip"] + recipe["header"]:
        return False
    ends = {line[len(line.rstrip("\r\n")) :] for line in lines[: len(lines) - 1]}
    if len(ends - {"\n", "\r\n"}) or len(ends) > 1:
        return False
    return all(len(row.fields) == width and not row.wrong and (row.raw or width > 1) for row in rows)


def _known(columns: dict[str, Any] | None, found: dict[str, Any]) -> dict[str, Any]:
    """The types the caller gave, by label; a column may be named by its snake-case name, too."""
    by_name = dict(zip(unique_names(found), found, strict=True))
    given = {(label if label in found else by_name.get(label, label)): spec for label, spec in (columns or {}).items()}
    strange = sorted(set(given) - set(found))
    if strange:
        message = f"The file has no column {', '.join(strange)}."
        raise EngineError("bad_recipe", message, details={"columns": list(found)})
    return given


def _choices(
    layout: Layout, guesses: dict[str, Guess], recipe: dict[str, Any], given: dict[str, Any]
) -> list[dict[str, Any]]:
    others = [{"value": n, "reason": f"{n} header rows"} for n in (0, 1) if n != layout.header]
    found = [
        choice("header", layout.header, layout.sure, layout.reason, others),
        choice("skip", layout.skip, 0.9 if layout.skip else 0.98, "lines above the header or first row"),
        choice("footer", recipe["footer"], 0.85 if recipe["footer"] else 0.98, "lines below the last row"),
    ]
    named = recipe["columns"]
    asked = set(_known(given.get("columns"), named))
    found += [
        choice(f"columns.{label}.type", named[label], g.confidence, g.reason, g.alternatives)
        for label, g in guesses.items()
        if label in named and label not in asked
    ]
    return [{**c, "confidence": 1.0, "reason": "given"} if given.get(c["key"]) is not None else c for c in found]


def _others(found: Sequence[Record], layout: Layout, recipe: dict[str, Any], total: int) -> list[dict[str, Any]]:
    """Further tables of the file, each with the lines around it as its recipe."""
    starts = [index for index in layout.tables if index < len(found) and len(found[index].fields) > 1]
    others = []
    for number, index in enumerate(starts, 2):
        begin = next((record for record in found[index:] if not record.blank), found[index])
        following = starts[number - 1] if number - 1 < len(starts) else None
        end = found[following].line - 1 if following is not None else total
        overrides = {"skip": begin.line - 1, "footer": total - end}
        others.append({"title": f"Table {number} (line {begin.line})", "recipe": overrides, "rows": None})
    return list(islice(others, 100))
