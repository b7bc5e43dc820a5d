"""Cells of a workbook as values of one type a column.

A column keeps the type of its cells when they agree: whole numbers, numbers, truth values, dates, timestamps, times,
durations. When they do not, it is text as the sheet shows it. Words like NA and error cells (#DIV/0!) in a column that
is otherwise of one type are nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence, Set
from typing import Any

import pyarrow as pa

from .cells import NULL_WORDS

ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!", "#FIELD!"})
NOTHING = ERRORS | frozenset(NULL_WORDS)
EXACT = 2.0**53
MAX_WORDS = 100
EMPTY = ""
INTEGER, NUMBER, BOOLEAN, DATE, TIMESTAMP, TIME, DURATION, TEXT = (
    "integer", "number", "boolean", "date", "timestamp", "time", "duration", "text",
)  # fmt: skip
KINDS: dict[frozenset[type], str] = {
    frozenset({bool}): BOOLEAN,
    frozenset({datetime.date}): DATE,
    frozenset({datetime.datetime}): TIMESTAMP,
    frozenset({datetime.date, datetime.datetime}): TIMESTAMP,
    frozenset({datetime.time}): TIME,
    frozenset({datetime.timedelta}): DURATION,
    frozenset({int}): INTEGER,
}
ARROW = {
    INTEGER: pa.int64(),
    NUMBER: pa.float64(),
    BOOLEAN: pa.bool_(),
    DATE: pa.date32(),
    TIMESTAMP: pa.timestamp("us"),
    TIME: pa.time64("us"),
    DURATION: pa.duration("us"),
    TEXT: pa.string(),
}


class Evidence:
    """What the cells of one column are, gathered chunk by chunk."""

    def __init__(self, *, summed: bool = False) -> None:
        self.types: set[type] = set()
        self.words: set[str] = set()
        self.nothing: set[str] = set()
        self.whole, self.summed = True, summed
        self.filled, self.total = 0, 0.0

    def add(self, cells: Sequence[Any]) -> None:
        """More cells of the column."""
        found = set(map(type, cells))
        self.filled += len(cells) - cells.count(EMPTY)
        if str in found:
            self.nothing |= NOTHING.intersection(cells)
            if len(self.words) <= MAX_WORDS:
                self.words.update({cell for cell in cells if type(cell) is str})
        self.types |= found
        if float in found and (self.whole or self.summed):
            numbers = cells if found == {float} else [cell for cell in cells if type(cell) is float]
            self.whole = self.whole and all(map(float.is_integer, numbers)) and max(map(abs, numbers)) <= EXACT
            self.total += sum(numbers) if self.summed else 0

    def kind(self, said: Sequence[str] | None, errors: Set[str]) -> tuple[str, list[str], bool]:
        """The column's kind, the words that count as nothing for that, and whether it has errors that do not; `said`
        are the caller's words, `errors` what error cells hold.
        """
        words = self.words - {EMPTY} - set(said or ())
        if words - errors - (NOTHING if said is None else ERRORS):
            return TEXT, [], False
        types = frozenset(self.types - {str})
        used = sorted(words) if said is None else []
        if types <= {int, float} and types:
            return (INTEGER if self.whole else NUMBER), used, bool(said is not None and words)
        if types and types not in KINDS:
            return TEXT, [], False
        return KINDS.get(types, TEXT), used, bool(said is not None and words)


def shown(cell: Any) -> str:
    """A cell's text as a sheet shows it without a format of its own."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.timedelta):
        minutes, seconds = divmod(int(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, datetime.date | datetime.time) else str(cell)


def array(cells: Sequence[Any], kind: str, nothing: frozenset[str]) -> pa.Array:
    """The cells as an Arrow array of the kind; texts in `nothing` and empty cells are null."""
    types = set(map(type, cells))
    if kind == TEXT:
        texts = cells if types <= {str} else [shown(cell) for cell in cells]
        return pa.array([None if text in nothing else text for text in texts], ARROW[kind])
    values: Sequence[Any] = cells
    if kind == TIMESTAMP and datetime.date in types:
        midnight = datetime.time()
        values = [datetime.datetime.combine(c, midnight) if type(c) is datetime.date else c for c in cells]
    if str in types:
        values = [None if type(cell) is str else cell for cell in values]
    if kind == INTEGER:
        return pa.array([None if value is None else int(value) for value in values], ARROW[kind])
    return pa.array(values, ARROW[kind])
