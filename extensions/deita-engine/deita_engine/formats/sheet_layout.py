"""Where the table is in a sheet: its header rows, its columns, notes above and below it."""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from deita_engine.shapes import EngineError

EMPTY = ""
HEAD_ROWS = 200
MAX_HEADER = 3
FULL = 0.6
FEW = 0.3
MIN_WIDTH = 3
RANGE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6}):([A-Z]{1,3})([1-9][0-9]{0,6})?")
Merged = Sequence[tuple[tuple[int, int], tuple[int, int]]]
Row = Sequence[Any]


@dataclass(frozen=True)
class Layout:
    """Rows and columns count from 0; `end` is the last row, None to the sheet's end; the first `header` rows name."""

    start: int
    header: int
    left: int
    right: int
    end: int | None
    confidence: float
    reason: str

    def range(self, offset: int) -> str:
        """As in a spreadsheet, A4:F or A4:F120, when column 0 is the column `offset` of the sheet."""
        end = "" if self.end is None else str(self.end + 1)
        return f"{column_letters(self.left + offset)}{self.start + 1}:{column_letters(self.right + offset)}{end}"


def parsed_range(text: str) -> tuple[int, int, int, int | None]:
    """(top row, left column, right column, bottom row or None), from 0; raises EngineError bad_recipe."""
    found = RANGE.fullmatch(str(text).replace("$", "").upper())
    if not found:
        message = f"{text} is no range of cells."
        raise EngineError("bad_recipe", message, "A range is like A4:F or A4:F120.", {"field": "range"})
    left, top, right, bottom = found.groups()
    columns = sorted((column_number(left), column_number(right)))
    rows = sorted((int(top) - 1, int(bottom) - 1)) if bottom else [int(top) - 1, None]
    return rows[0] or 0, columns[0], columns[1], rows[1]


def column_letters(number: int) -> str:
    """0 → A, 26 → AA."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """A → 0, AA → 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def found_layout(head: Sequence[Row], merged: Merged, header: int | None) -> Layout:
    """The table in a sheet whose first rows are `head`; `header` is the caller's number of header rows."""
    filled = [_filled(row) for row in head]
    width = max(map(len, filled), default=0)
    first = next((n for n, cells in enumerate(filled) if len(cells) >= max(FULL * width, 1)), 0)
    rows, confidence, reason = _header_rows(head, filled, first)
    above = _header_above(filled, merged, first) if rows else 0
    below = _header_below(head, filled, merged, first) if rows else 0
    start, rows = first - above, rows + above + below
    if header is not None:
        start = start if header >= rows else first
        rows, confidence, reason = header, 1.0, "as you said"
    return Layout(start, rows, 0, max(map(len, head), default=1) - 1, None, confidence, reason)


def _header_rows(head: Sequence[Row], filled: Sequence[set[int]], first: int) -> tuple[int, float, str]:
    """How many rows from `first` are header (0 or 1), how sure that is, and why."""
    if not head:
        return 0, 1.0, "the sheet is empty"
    cells = [head[first][column] for column in sorted(filled[first])]
    below = [row for row, found in zip(head[first + 1 :], filled[first + 1 :], strict=True) if found]
    texts = [cell for cell in cells if isinstance(cell, str)]
    if len(texts) == len(cells):
        if len(set(texts)) < len(texts):
            return 1, 0.85, "the first full row is text, with some names twice"
        typed = any(not isinstance(cell, str) for row in below for cell in row)
        return (1, 0.97, "a row of names above values") if typed or not below else (1, 0.85, "the first full row")
    others = [column for column in sorted(filled[first]) if not isinstance(head[first][column], str)]
    if texts and all(_is_label(head[first][column], [row[column] for row in below]) for column in others):
        return 1, 0.85, "names, years or dates above other values"
    return 0, 0.75, "the first full row looks like values"


def _is_label(cell: Any, below: Sequence[Any]) -> bool:
    """Whether a number or date may be a name: a year or date over values that are none."""
    values = [value for value in below if value != EMPTY]
    if isinstance(cell, float) and cell.is_integer() and 1900 <= cell <= 2100:
        return not values or any(not _is_year(value) for value in values)
    if isinstance(cell, datetime.date):
        return not any(isinstance(value, datetime.date) for value in values)
    return False


def _is_year(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer() and 1900 <= value <= 2100


def _header_above(filled: Sequence[set[int]], merged: Merged, first: int) -> int:
    """How many rows directly above hold names over several columns of the table, but not all of them."""
    columns = filled[first]
    count = 0
    while count < MAX_HEADER - 1 and first - count - 1 >= 0:
        row = first - count - 1
        spans = [b[1] - a[1] + 1 for a, b in merged if a[0] == row and b[1] > a[1]]
        if not filled[row] or not spans or max(spans) >= len(columns):
            break
        count += 1
    return count


def _header_below(head: Sequence[Row], filled: Sequence[set[int]], merged: Merged, first: int) -> int:
    """How many rows directly below belong to the header: a merged cell reaches into them, or they divide one."""
    count = 0
    while count < MAX_HEADER - 1 and first + count + 1 < len(head):
        row = first + count
        reaching = any(a[0] <= row < b[0] for a, b in merged)
        divided = any(a[0] == row and a[1] < b[1] for a, b in merged)
        texts = all(isinstance(cell, str) for cell in head[row + 1])
        if not (texts and filled[row + 1] and (reaching or divided)):
            break
        count += 1
    return count


def labels_of(head: Sequence[Row], layout: Layout, merged: Merged, shown: Callable[[Any], str]) -> list[str]:
    """A text for each column of the table from its header rows; a merged cell names all that it covers."""
    parts: list[list[str]] = [[] for _ in range(layout.left, layout.right + 1)]
    for row in range(layout.start, min(layout.start + layout.header, len(head))):
        cells = list(head[row])
        for (upper, left), (lower, right) in merged:
            if upper <= row <= lower and 0 <= left < len(cells):
                covered = len(cells[left : right + 1])
                cells[left : left + covered] = [head[upper][left]] * covered
        for part, cell in zip(parts, cells[layout.left : layout.right + 1], strict=True):
            text = " ".join(shown(cell).split())
            if text and text not in part:
                part.append(text)
    return [" ".join(part) for part in parts]


def row_above_notes(tail: Sequence[tuple[int, int]], width: int) -> int | None:
    """The number of the table's last row when only notes follow: rows after an empty one that fill few cells of a wide
    table. `tail` has (number, filled cells) of the last rows that are not empty.
    """
    few = max(1, int(width * FEW))
    for (number, _), (next_number, filled) in reversed(list(itertools.pairwise(tail))):
        if width < MIN_WIDTH or filled > few:
            return None
        if next_number > number + 1:
            return number
    return None


def _filled(row: Row) -> set[int]:
    return {number for number, cell in enumerate(row) if cell != EMPTY}
