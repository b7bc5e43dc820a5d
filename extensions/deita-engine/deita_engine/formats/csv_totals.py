"""Sums and notes at the end of a CSV table, by what its columns are without them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace

from .cells import kind
from .column_types import Spec, guess, type_of
from .layout import Layout
from .records import Record
from .totals import MAX_LINES, Known, is_note, is_sum, names_a_sum

LOOKED_AT = 2000
KINDS = {"DATE": "date", "TIMESTAMP": "date", "TIMESTAMP WITH TIME ZONE": "date", "TIME": "time", "BOOLEAN": "boolean"}
Rows = Sequence[Sequence[str]]


def lines_below(found: Sequence[Record], layout: Layout, total: int) -> int:
    """How many of `total` lines stand below the last row; blank ones alone need not be said."""
    if layout.end >= len(found) or all(not record.raw for record in found[layout.end :]):
        return 0
    return total - (found[layout.end].line - 1)


def without_last(found: Sequence[Record], layout: Layout, delimiter: str, *, all_rows: bool = True) -> Layout:
    """The layout without sums and notes at its end, and without blank lines above them. Only where the records are
    `all_rows` of the file are sums added up.
    """
    filled = [index for index in range(layout.first, layout.end) if not found[index].blank]
    last = [_padded(found[index].fields, layout.width) for index in filled[-MAX_LINES:]]
    if not last or not _may_be_none(last[-1]) or len(found[filled[-1]].fields) > layout.width:
        return layout
    above = [found[index].fields for index in filled[:-MAX_LINES]]
    regular = [row for row in above if len(row) == layout.width]
    count = _last_lines([*regular, *last], len(last), delimiter, all_rows)
    if not count:
        return layout
    end = filled[-count]
    while end > layout.first and found[end - 1].blank:
        end -= 1
    return replace(layout, end=end)


def _padded(row: Sequence[str], width: int) -> list[str]:
    """The row in the table's width, with words for nothing left out."""
    cells = ["" if kind(value) == "empty" else value for value in row[:width]]
    return [*cells, *[""] * (width - len(cells))]


def _may_be_none(row: Sequence[str]) -> bool:
    return "" in row or names_a_sum(_first(row))


def _first(row: Sequence[str]) -> str:
    return next((value for value in row if value.strip()), "")


def _last_lines(rows: Rows, most: int, delimiter: str, all_rows: bool) -> int:
    """How many of the last rows are none: at most `most`."""
    for count in range(min(most, len(rows) - 1), 0, -1):
        if all(map(_may_be_none, rows[-count:])) and _are_none(rows[:-count], rows[-count:], delimiter, all_rows):
            return count
    return 0


def _are_none(above: Rows, tail: Rows, delimiter: str, all_rows: bool) -> bool:
    latest = list(zip(*above[-LOOKED_AT:], strict=True))
    specs = [guess(column, delimiter).spec for column in latest]
    filled = [sum(kind(value) != "empty" for value in column) / len(column) for column in latest]
    adds_up = all_rows and any(names_a_sum(_first(row)) for row in tail)
    sums = _sums(above, specs) if adds_up else [None] * len(specs)
    texts = [type_of(spec) == "VARCHAR" for spec in specs]
    known = [Known(*facts) for facts in zip(texts, filled, sums, strict=True)]
    for row in tail:
        numbers = [_number(text, spec) for text, spec in zip(row, specs, strict=True)]
        fits = [kind(text) == KINDS.get(type_of(spec), "number") for text, spec in zip(row, specs, strict=True)]
        if not is_sum(row, numbers, known, len(above)) and not is_note(row, fits, known, len(above)):
            return False
    return True


def _sums(rows: Rows, specs: Sequence[Spec]) -> list[float | None]:
    """The sum of each column of numbers."""
    found: list[float | None] = []
    for column, spec in zip(zip(*rows, strict=True), specs, strict=True):
        numbers = [number for text in column if (number := _number(text, spec)) is not None]
        found.append(sum(numbers) if numbers else None)
    return found


def _number(text: str, spec: Spec) -> float | None:
    """The number that a text is in a column of numbers."""
    if type_of(spec) not in ("BIGINT", "DOUBLE"):
        return None
    way = {} if isinstance(spec, str) else spec
    for mark in (way.get("unit"), way.get("thousands"), " "):
        text = text.replace(mark, "") if mark else text
    with contextlib.suppress(ValueError):
        return float(text.replace(way.get("decimal") or ".", "."))
    return None
