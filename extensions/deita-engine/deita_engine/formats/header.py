"""The header of a CSV table: how many rows it has, what they say, and the names that they give to columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .align import OTHERS
from .cells import kind
from .dialect import Dialect
from .records import Record
from .resplit import resplit

MAX_HEADER = 3
TYPED = ("number", "date", "time", "boolean", "link")


def full_records(found: Sequence[Record], start: int, end: int) -> list[Record]:
    """The first records from `start` that are not empty, 40 at most."""
    return [record for record in found[start : start + 40 if start + 40 < end else end] if record.raw]


def header_rows(
    found: Sequence[Record], top: int, end: int, width: int, kinds: Sequence[str]
) -> tuple[int, float, str]:
    """How many header rows stand at `top`, how sure that is from 0 to 1, and why."""
    rows = full_records(found, top, end)
    if not rows:
        return 0, 1.0, "the file has no rows"
    typed = [column for column, kind_of in enumerate(kinds) if kind_of in TYPED]
    if len(rows) == 1:
        words = [kind(value) for value in rows[0].fields]
        header = "number" not in words and "date" not in words
        return int(header), 0.7, "the only line holds words alone" if header else "the only line holds values"
    if typed:
        count = 0
        while count < min(MAX_HEADER, len(rows) - 1) and is_above(rows[count], typed, kinds, 2 if count else 1):
            count += 1
        reason = "it holds words above columns of values" if count else "the first line has values as those below"
        return count, 0.97 if count < 2 else 0.85, reason
    return _header_of_words(rows)


def is_above(record: Record, typed: Sequence[int], kinds: Sequence[str], least: int) -> bool:
    """Whether a record holds words where its columns hold values."""
    if least > 1 and len(record.fields) != len(kinds):
        return False
    here = [(kind(record.fields[column]), kinds[column]) for column in typed if column < len(record.fields)]
    words = sum(found == "text" or (found == "boolean" != expected) for found, expected in here)
    values = sum(found == expected for found, expected in here)
    full = sum(bool(value.strip()) for value in record.fields)
    return words >= min(least, len(typed)) and words > 2 * values and 2 * full > len(record.fields)


def _header_of_words(rows: Sequence[Record]) -> tuple[int, float, str]:
    """Only words everywhere: a header is distinct, and none of it comes again below."""
    head, below = rows[0].fields, rows[1:]
    names = [value.strip().casefold() for value in head]
    again = any(
        value and any(column < len(row.fields) and row.fields[column].strip().casefold() == value for row in below)
        for column, value in enumerate(names)
    )
    if again or len(set(names)) < len(names) or any(kind(value) in ("number", "date") for value in head):
        return 0, 0.7, "the first line has words that come again below, or values"
    sure = 0.85 if len(rows) > MAX_HEADER else 0.75
    return 1, sure, "the first line's words do not come again"


def header_fields(record: Record, dialect: Dialect, width: int) -> list[str]:
    """The fields of a header row, cut again with its quotes or another delimiter when they are too few."""
    if len(record.fields) < width:
        for delimiter in (dialect.delimiter, *OTHERS):
            cut = resplit(record.raw, replace(dialect, delimiter=delimiter), width)
            if cut:
                return cut[0]
    return record.fields


def labels_of(rows: Sequence[Sequence[str]], width: int) -> tuple[str, ...]:
    """The header texts, several rows joined by a space; empty ones are `column_n`, a repeated one gets its number."""
    rows = [_without_surplus(row, width) for row in rows]
    labels: dict[str, None] = {}
    for column in range(width):
        parts = [row[column].strip() for row in rows if column < len(row) and row[column].strip()]
        label = " ".join(parts) or f"column_{column + 1}"
        count, unique = 2, label
        while unique in labels:
            unique, count = f"{label}_{count}", count + 1
        labels[unique] = None
    return tuple(labels)


def _without_surplus(row: Sequence[str], width: int) -> list[str]:
    """A header row with too many fields loses empty ones."""
    fields = list(row)
    while len(fields) > width and "" in fields:
        fields.remove("")
    return fields
