"""Cells of a workbook as values of one type a column.

A column keeps the type of its cells when they agree: whole numbers, numbers, truth values, dates, timestamps, times,
durations. When they do not, it is text as the sheet shows it. Words like NA in a column that is otherwise of one type
are nothing; so are error cells (#DIV/0!), which the reader gives as empty.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

NULL_WORDS = ("NA", "N/A", "n/a", "#N/A", "NULL", "null", "NaN", "nan", "None", "-", "--", "?", ".")
EXACT = 2.0**53
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

    def __init__(self) -> None:
        self.types: set[type] = set()
        self.words: set[str] = set()
        self.whole = True
        self.filled = 0

    def add(self, cells: Sequence[Any]) -> None:
        """More cells of the column."""
        found = set(map(type, cells))
        self.filled += len(cells) - cells.count(EMPTY)
        if str in found and len(self.words) <= len(NULL_WORDS) + 1:
            self.words.update({cell for cell in cells if type(cell) is str})
        self.types |= found
        if self.whole and float in found:
            numbers = cells if found == {float} else [cell for cell in cells if type(cell) is float]
            self.whole = all(map(float.is_integer, numbers)) and max(map(abs, numbers)) <= EXACT

    def kind(self, null_words: Sequence[str] | None) -> tuple[str, list[str]]:
        """The column's kind, and the words that count as nothing for that; `null_words` are the caller's."""
        words = self.words - {EMPTY} - set(null_words or ())
        used = sorted(words)
        if words and (null_words is not None or not words <= set(NULL_WORDS)):
            return TEXT, []
        types = frozenset(self.types - {str})
        if types <= {int, float} and types:
            return (INTEGER if self.whole else NUMBER), used
        kind = KINDS.get(types)
        return (kind, used) if kind else (TEXT, [])


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
        return pa.array(values, pa.float64()).cast(pa.int64())
    return pa.array(values, ARROW[kind])
