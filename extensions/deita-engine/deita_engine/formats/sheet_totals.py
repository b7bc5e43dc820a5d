"""Whether the last rows of a sheet are sums or notes, by what the cells above them are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .cells import NULL_WORDS
from .sheet_cells import INTEGER, NUMBER, TEXT, Evidence, shown
from .totals import Known, is_note, is_sum, names_a_sum

EMPTY = ""


def may_be_below(row: Sequence[Any], evidence: Sequence[Evidence]) -> bool:
    """At a glance: a word for a sum, or cells left out and a text where other cells are none."""
    first = next((cell for cell in row if cell != EMPTY), EMPTY)
    if isinstance(first, str) and names_a_sum(first):
        return True
    odd = (isinstance(cell, str) and cell and known.types - {str} for cell, known in zip(row, evidence, strict=True))
    return EMPTY in row and any(odd)


def is_below(row: Sequence[Any], evidence: Sequence[Evidence], rows: int) -> bool:
    """Whether it is a sum or a note; `evidence` is that of the `rows` above it."""
    texts = ["" if (text := shown(cell)) in NULL_WORDS else text for cell in row]
    numbers = [cell if isinstance(cell, float) else None for cell in row]
    known = [_known(column, rows) for column in evidence]
    fits = [type(cell) in column.types for cell, column in zip(row, evidence, strict=True)]
    return is_sum(texts, numbers, known, rows) or is_note(texts, fits, known, rows)


def _known(column: Evidence, rows: int) -> Known:
    kind = column.kind(None, frozenset())[0]
    total = column.total if kind in (INTEGER, NUMBER) else None
    return Known(kind == TEXT, column.filled / max(rows, 1), total)
