"""From a CSV text to its complete recipe: dialect, layout, types, each with how sure it is.

Files up to WHOLE bytes are looked at as a whole, of larger ones the beginning and the end; what shows up between is met
while loading. A part of the recipe that is given is not questioned, and helps to find the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from deita_engine.names import unique_names
from deita_engine.shapes import EngineError

from .careful import read_lines, text_lines
from .column_types import Guess
from .conversion import check_spec
from .csv_tail import find_footer
from .csv_totals import lines_below, without_last
from .dialect import Dialect
from .layout import Layout, lay_out
from .null_words import are_words, by_label
from .previews import choice
from .records import Record, records
from .regularity import is_regular
from .sniffing import sniff
from .unpack import Packing
from .ways import common_ways, guesses_of, null_words_of

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
    if given.get("null_words") is not None and not are_words(given["null_words"]):
        raise _bad("null_words", "a list of texts, or such lists by column")
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
    laid = lay_out(found, dialect, header, start_known="skip" in given)
    layout = without_last(found, laid, dialect.delimiter) if whole and given.get("footer") is None else laid
    rows = found[layout.first : layout.end]
    footer, noted = (lines_below(found, layout, len(lines)), "") if whole else find_footer(path, dialect, layout)
    comment = _needed_comment(dialect, lines, layout, rows)
    labels = _labels(given, layout)
    width = len(labels)
    regular = _regular(rows[:TYPED_ROWS], width)
    said = by_label(given["null_words"], labels) if given.get("null_words") is not None else None
    guesses = guesses_of(labels, regular, dialect.delimiter, said)
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
        **common_ways(guesses),
    }
    recipe = {**parts, **{key: value for key, value in given.items() if key not in ("columns", "header")}}
    recipe.setdefault("strict", is_regular(path, lines, rows, recipe if whole else {**recipe, "footer": 0}, width))
    recipe["columns"] = {**recipe["columns"], **_known(given.get("columns"), recipe["columns"])}
    all_rows = regular if whole and len(regular) == len(rows) else None
    recipe["null_words"] = said if said is not None else null_words_of(guesses, recipe["columns"], all_rows)
    below = _below(found, laid, layout, footer, len(lines)) if whole else _below_all(footer, noted)
    choices = [*sniffed.choices, *_choices(layout, guesses, recipe, given, below)]
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


def _regular(rows: Sequence[Record], width: int) -> list[list[str]]:
    """The fields of right rows; if these are few, of repaired ones too, without empty fields behind the last column."""
    right = [row.fields for row in rows if len(row.fields) == width and not row.wrong]
    if 2 * len(right) >= len(rows):
        return right
    return [row.fields[:width] for row in rows if len(row.fields) >= width and not any(row.fields[width:])]


def _needed_comment(dialect: Dialect, lines: Sequence[str], layout: Layout, rows: Sequence[Record]) -> str:
    """The comment mark, unless all such lines are among those that are skipped anyway."""
    if not dialect.comment or not rows:
        return dialect.comment
    return dialect.comment if any(line.startswith(dialect.comment) for line in lines[layout.skip :]) else ""


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
    layout: Layout, guesses: dict[str, Guess], recipe: dict[str, Any], given: dict[str, Any], footer: dict[str, Any]
) -> list[dict[str, Any]]:
    others = [{"value": n, "reason": f"{n} header rows"} for n in (0, 1) if n != layout.header]
    found = [
        choice("header", layout.header, layout.sure, layout.reason, others),
        choice("skip", layout.skip, 0.9 if layout.skip else 0.98, "lines above the header or first row"),
        footer,
    ]
    named = recipe["columns"]
    asked = set(_known(given.get("columns"), named))
    found += [
        choice(f"columns.{label}.type", named[label], g.confidence, g.reason, g.alternatives)
        for label, g in guesses.items()
        if label in named and label not in asked
    ]
    return [{**c, "confidence": 1.0, "reason": "given"} if given.get(c["key"]) is not None else c for c in found]


def _below(found: Sequence[Record], laid: Layout, layout: Layout, footer: int, total: int) -> dict[str, Any]:
    """The choice of the footer, with sums and notes (those between both layouts) kept as rows for an alternative."""
    if layout.end == laid.end:
        return choice("footer", footer, 0.85 if footer else 0.98, "lines below the last row")
    first = next(record for record in found[layout.end :] if not record.blank)
    reason = f'line {first.line} ("{first.raw[:40]}") and what is below is a sum or a note'
    kept = {"value": lines_below(found, laid, total), "reason": "keep it as a row"}
    return choice("footer", footer, 0.85, reason, [kept])


def _below_all(footer: int, noted: str) -> dict[str, Any]:
    """The choice of the footer of a file of which only the beginning and the end were looked at."""
    if not footer:
        return choice("footer", footer, 0.98, "lines below the last row")
    reason = f'the end of the file ("{noted[:40]}") is a sum or a note'
    return choice("footer", footer, 0.85, reason, [{"value": 0, "reason": "keep it as a row"}])


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
