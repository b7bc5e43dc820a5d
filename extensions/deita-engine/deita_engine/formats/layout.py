"""Where in a CSV file its table is: lines before it, header rows, the columns, lines after it, further tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from deita_engine.shapes import EngineError

from .align import OTHERS
from .cells import kind
from .dialect import Dialect
from .records import Record
from .resplit import resplit

MAX_HEADER = 3
MAX_COLUMNS = 2000
BODY = 200
TYPED = ("number", "date", "time", "boolean", "link")


@dataclass(frozen=True)
class Layout:
    """`skip` lines come before the header, which has `header` rows; the rows are records[first:end]; `tables` are the
    places (index of a record) where further tables begin.
    """

    skip: int
    header: int
    labels: tuple[str, ...]
    first: int
    end: int
    sure: float
    reason: str
    tables: tuple[int, ...] = field(default=())

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.labels)


def lay_out(
    found: Sequence[Record], dialect: Dialect, header: int | None = None, *, start_known: bool = False
) -> Layout:
    """The first table among records; with `start_known` it begins with the first record that is not empty, and it has
    `header` header rows where that is known.
    """
    width, first, end = _table(found, dialect)
    if width > MAX_COLUMNS:
        raise EngineError("file_unreadable", f"The file has {width} columns; {MAX_COLUMNS} are allowed.")
    if found and len(found[first].fields) < width:
        found = [*found]
        found[first] = replace(found[first], fields=_header_fields(found[first], dialect, width))
    kinds = _kinds([r for r in found[first:end] if len(r.fields) == width], width)
    if start_known:
        top = next((index for index, record in enumerate(found) if record.raw), 0)
    else:
        top = _after_preamble(found, first, end, width, kinds)
    rows, sure, reason = _header_rows(found, top, end, width, kinds) if header is None else (header, 1.0, "given")
    names = labels_of([record.fields for record in _full(found, top, end)[:rows]], width)
    body = _index_after(found, top, end, rows)
    while (
        rows and len(names) > 1 and names[-1] == f"column_{len(names)}" and _is_empty(found[body:end], len(names) - 1)
    ):
        names, kinds, width = names[:-1], kinds[:-1], width - 1
    again = _repeated(found, body, end, width, names, kinds) if rows else None
    ends = [again] if again is not None else []
    if end < len(found):
        ends.append(end)
    last = min([*ends, len(found)])
    last = _before_footnotes(found, body, last, width, kinds)
    skip = found[top].line - 1 if top < len(found) else 0
    tables = tuple(dict.fromkeys(ends)) if ends else ()
    return Layout(skip, rows, names, body, last, sure, reason, tables)


def _is_empty(rows: Sequence[Record], column: int) -> bool:
    """Whether the last column is only there because the lines end with a delimiter."""
    return bool(rows) and not any(len(row.fields) > column and row.fields[column] for row in rows)


def _full(found: Sequence[Record], start: int, end: int) -> list[Record]:
    return [record for record in found[start : start + 40 if start + 40 < end else end] if record.raw]


def _index_after(found: Sequence[Record], start: int, end: int, rows: int) -> int:
    index = start
    while rows and index < end:
        rows -= bool(found[index].raw)
        index += 1
    return index


def _table(found: Sequence[Record], dialect: Dialect) -> tuple[int, int, int]:
    """Width, first record and end of the first table of some weight: runs of records of one width, single strays
    between them not counted.
    """
    runs: list[list[int]] = []  # width, start, end, records of this width
    blank = False
    for index in range(len(found)):
        record = found[index]
        if record.blank:
            blank = True
            continue
        count = len(record.fields)
        if runs and runs[-1][0] == count:
            runs[-1][2], runs[-1][3] = index + 1, runs[-1][3] + 1
        elif len(runs) > 1 and runs[-1][3] < 2 and runs[-2][0] == count and not blank:
            runs.pop()
            runs[-1][2], runs[-1][3] = index + 1, runs[-1][3] + 1
        else:
            runs.append([count, index, index + 1, 1])
        blank = False
    if not runs:
        return 1, 0, len(found)
    heaviest = max(run[0] * run[3] for run in runs)
    chosen = next(run for run in runs if run[0] * run[3] >= 0.2 * heaviest)
    position = runs.index(chosen)
    first = chosen[1]
    for index in range(chosen[1] - 1, -1, -1):  # ragged rows and headers above belong to it, titles and notes do not
        record = found[index]
        few = len(record.fields) <= max(1, chosen[0] // 2)
        if record.blank or (
            few and (first != index + 1 or len(_header_fields(record, dialect, chosen[0])) != chosen[0])
        ):
            break
        first = index
    return chosen[0], first, _end_of(found, runs, position)


def _end_of(found: Sequence[Record], runs: list[list[int]], position: int) -> int:
    """Where the next table begins: records of another width, after a blank line or with a header of their own."""
    width = runs[position][0]
    for run in runs[position + 1 :]:
        if run[0] < 2 or run[0] == width or run[3] < 3:
            continue
        head, below = found[run[1]], found[run[1] + 1 : run[1] + 20]
        kinds = _kinds([record for record in below if len(record.fields) == run[0]], run[0])
        typed = [column for column, kind_of in enumerate(kinds) if kind_of in TYPED]
        own = typed and all(kind(head.fields[column]) == "text" for column in typed)
        if own or (run[1] and found[run[1] - 1].blank):
            return run[1]
    return len(found)


def _kinds(rows: Sequence[Record], width: int) -> list[str]:
    """The kind of value each column holds, mostly (four of five), text otherwise; the first rows may be headers."""
    body = rows[MAX_HEADER : BODY + MAX_HEADER] if len(rows) > 2 * MAX_HEADER else rows[1:]
    kinds = []
    for column in range(width):
        counts = Counter(kind(row.fields[column]) for row in body)
        counts.pop("empty", None)
        best, times = counts.most_common(1)[0] if counts else ("empty", 0)
        kinds.append(best if times >= 0.8 * counts.total() else "text")
    return kinds


def _after_preamble(found: Sequence[Record], first: int, end: int, width: int, kinds: Sequence[str]) -> int:
    """Where the header or the first row is: the first record that is not almost empty."""
    if width < 3:
        return first
    for index in range(first, min(end, first + 30)):
        full = [column for column, value in enumerate(found[index].fields[:width]) if value.strip()]
        fits = any(kind(found[index].fields[column]) == kinds[column] != "text" for column in full)
        if found[index].blank or (len(full) <= max(1, width // 4) and not fits):
            continue
        if index == first:
            return first
        return index if any(r.blank for r in found[first:index]) or len(full) >= 0.5 * width else first
    return first


def _header_rows(
    found: Sequence[Record], top: int, end: int, width: int, kinds: Sequence[str]
) -> tuple[int, float, str]:
    rows = _full(found, top, end)
    if not rows:
        return 0, 1.0, "the file has no rows"
    typed = [column for column, kind_of in enumerate(kinds) if kind_of in TYPED]
    if len(rows) == 1:
        words = [kind(value) for value in rows[0].fields]
        header = "number" not in words and "date" not in words
        return int(header), 0.7, "the only line holds words alone" if header else "the only line holds values"
    if typed:
        count = 0
        while count < min(MAX_HEADER, len(rows) - 1) and _is_above(rows[count], typed, kinds, 2 if count else 1):
            count += 1
        reason = "it holds words above columns of values" if count else "the first line has values as those below"
        return count, 0.97 if count < 2 else 0.85, reason
    return _header_of_words(rows)


def _is_above(record: Record, typed: Sequence[int], kinds: Sequence[str], least: int) -> bool:
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


def _header_fields(record: Record, dialect: Dialect, width: int) -> list[str]:
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


def _repeated(
    found: Sequence[Record], body: int, end: int, width: int, labels: Sequence[str], kinds: Sequence[str]
) -> int | None:
    """Where the header comes again, or another one after a blank line."""
    typed = [column for column, kind_of in enumerate(kinds) if kind_of in TYPED]
    names = [label.casefold() for label in labels]
    for index in range(body + 1, end - 1):
        record = found[index]
        if len(record.fields) != width or width < 2 or not record.fields[0]:
            continue
        again = record.fields[0].strip().casefold() == names[0]
        if again and [value.strip().casefold() for value in record.fields] == names:
            return index
        if found[index - 1].blank and typed and _is_above(record, typed, kinds, 2) and all(record.fields):
            return index
    return None


def _before_footnotes(found: Sequence[Record], body: int, end: int, width: int, kinds: Sequence[str]) -> int:
    """The end without lines that are no rows: blank ones, and notes of one field."""
    last = end
    while last > body:
        record = found[last - 1]
        full = [value for value in record.fields if value.strip()]
        blank_above = last - 2 >= body and found[last - 2].blank
        lone = len(full) == 1 and width > 2 and kind(record.fields[0]) == "text"
        note = lone and (kinds[0] != "text" or (blank_above and len(record.fields) == 1))
        if not note and record.raw:
            break
        last -= 1
    return last
