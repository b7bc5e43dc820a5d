"""Where in a CSV file its table is: lines before it, header rows, the columns, lines after it, further tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from deita_engine.shapes import EngineError

from .cells import kind
from .dialect import Dialect
from .header import MAX_HEADER, TYPED, full_records, header_fields, header_rows, is_above, labels_of
from .records import Record

MAX_COLUMNS = 2000
BODY = 200


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
    if dialect.delimiter == " ":
        width = _named_width(found[first:end], width)
    if width > MAX_COLUMNS:
        raise EngineError("file_unreadable", f"The file has {width} columns; {MAX_COLUMNS} are allowed.")
    if found and len(found[first].fields) < width:
        found = [*found]
        found[first] = replace(found[first], fields=header_fields(found[first], dialect, width))
    kinds = _kinds([r for r in found[first:end] if len(r.fields) == width], width)
    if start_known:
        top = next((index for index, record in enumerate(found) if record.raw), 0)
    else:
        top = _after_preamble(found, first, end, width, kinds)
    rows, sure, reason = header_rows(found, top, end, width, kinds) if header is None else (header, 1.0, "given")
    heads = [record.fields for record in full_records(found, top, end)[:rows]]
    body = _index_after(found, top, end, rows)
    if _has_row_names(heads, found[body:end], width):
        heads, sure = [["", *heads[0]]], min(sure, 0.6)
        reason = "it has one name fewer than the rows have values: the first column has none, as R writes row names"
    names = labels_of(heads, width)
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


def _has_row_names(heads: Sequence[Sequence[str]], rows: Sequence[Record], width: int) -> bool:
    """Whether the header lacks a name for the first column, whose values are all distinct; R and pandas read it so."""
    if len(heads) != 1 or len(heads[0]) != width - 1 or width < 3:
        return False
    values = [row.fields[0] for row in rows if len(row.fields) == width]
    return len(values) > 1 and len(set(values)) == len(values) and not _is_empty(rows, width - 1)


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
            few and (first != index + 1 or len(header_fields(record, dialect, chosen[0])) != chosen[0])
        ):
            break
        first = index
    return chosen[0], first, _end_of(found, runs, position)


def _named_width(table: Sequence[Record], width: int) -> int:
    """Between spaces, words that nothing quotes pass for fields: when rows differ, the header says how many."""
    names = table[0].fields if table else []
    counts = Counter(len(record.fields) for record in table[1:] if not record.blank)
    fewer = sum(times for count, times in counts.items() if count < len(names))
    named = len(set(names)) == len(names) > 2 and all(kind(name) == "text" for name in names)
    differ = len(counts) > 1 and counts[width] < 0.8 * counts.total()
    return len(names) if named and differ and counts[len(names)] > 3 and fewer <= 0.05 * counts.total() else width


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
        if found[index - 1].blank and typed and is_above(record, typed, kinds, 2) and all(record.fields):
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
