"""The table of one sheet: where it is, what its columns are, and its rows written as `line`, c0, c1… for DuckDB to map.

The cells are gone through once to learn the types and once to write them, because together they would take several
times the memory of the file.
"""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import python_calamine as calamine

from deita_engine.shapes import EngineError

from .labels import unique_labels
from .null_words import words_for
from .sheet_cells import ARROW, Evidence, array, shown
from .sheet_errors import Errors
from .sheet_kinds import kinds_of
from .sheet_layout import HEAD_ROWS, Layout, found_layout, labels_of, parsed_range, row_above_notes
from .sheet_totals import is_below, may_be_below
from .totals import MAX_LINES

CHUNK_ROWS = 8192
TAIL_ROWS = 50
EMPTY = ""


@dataclass(frozen=True)
class Body:
    """The rows below the header: what the cells of each column are, the last ones with their numbers, how many."""

    evidence: list[Evidence]
    tail: list[tuple[int, list[Any]]]
    rows: int


class SheetTable:
    """Columns count from the sheet's first filled one here, from A in a range."""

    def __init__(self, sheet: calamine.CalamineSheet, errors: Errors, request: dict[str, Any]) -> None:
        assert sheet.start is not None
        self.sheet, self.errors, self.request, self.offset = sheet, errors, request, sheet.start[1]
        self.merged = [
            ((upper, left - self.offset), (lower, right - self.offset))
            for (upper, left), (lower, right) in sheet.merged_cell_ranges or ()
        ]
        self.layout = self._layout()
        self.blank = 0

    def written(self) -> dict[str, Any]:
        """Find types, write rows; `{range, header, labels, null_words, casts, errors, rows, counts, below,
        confidence, reason}`.

        `casts` are types for columns written as text, because they have errors that are not to be nothing; `errors`
        says how many cells hold which; `below` which rows below the table are none of it.
        """
        head = list(itertools.islice(self._rows(), self.layout.start + self.layout.header))
        texts = labels_of(head, self.layout, self.merged, shown)
        body, below = self._look(len(texts)), None
        if not self.request.get("range"):
            body, below = self._without_rows_below(body, sum(map(bool, texts)))
        evidence = body.evidence
        kept = [n for n, (text, known) in enumerate(zip(texts, evidence, strict=True)) if text or known.filled] or [0]
        labels = unique_labels(texts[number] for number in kept)
        errors = self._errors(kept)
        found = kinds_of(labels, [evidence[number] for number in kept], errors, self.request)
        rows = self._write(kept, found.kinds, [words_for(found.null_words, label) for label in labels])
        left = self.layout.left
        self.layout = replace(self.layout, left=left + kept[0], right=left + kept[-1])
        return {
            "range": self.layout.range(self.offset),
            "header": self.layout.header,
            "labels": labels,
            "null_words": found.null_words,
            "casts": found.casts,
            "errors": dict(sum(errors, Counter())),
            "rows": rows,
            "counts": self._counts(),
            "below": below,
            "confidence": self.layout.confidence,
            "reason": self.layout.reason,
        }

    def _counts(self) -> dict[str, int]:
        """What the sheet's rows are that are none of the table, after these were written."""
        layout, end = self.layout, self.sheet.end
        assert end is not None
        total = end[0] + 1
        last = total if layout.end is None else min(layout.end + 1, total)
        return {
            "total": total,
            "above": layout.start,
            "header": min(layout.header, last - layout.start),
            "below": total - last,
            "blank": self.blank,
        }

    def _layout(self) -> Layout:
        header, said, end = self.request.get("header"), self.request.get("range"), self.sheet.end
        if not said:
            head = list(itertools.islice(self._rows(), HEAD_ROWS))
            return found_layout(head, self.merged, header)
        top, left, right, bottom = parsed_range(said)
        assert end is not None
        if top > end[0] or left > end[1] or right < self.offset:
            message = f"The range {said} lies outside of the sheet's cells."
            raise EngineError("bad_recipe", message, details={"field": "range"})
        left, right = max(left - self.offset, 0), min(right, end[1]) - self.offset
        if header is None:
            rows = itertools.islice(self._rows(), top, top + HEAD_ROWS)
            header = found_layout([row[left : right + 1] for row in rows], (), None).header
        return Layout(top, int(header), left, right, bottom, 1.0, "as you said")

    def _body(self, limit: int | None = None) -> Iterator[tuple[list[int], list[list[Any]]]]:
        """The rows below the header (at most `limit`) in chunks with their numbers from 0, cut to the table's columns;
        empty ones are left out.
        """
        layout = self.layout
        at, self.blank = layout.start + layout.header, 0
        source = itertools.islice(self._rows(), at, None if layout.end is None else layout.end + 1)
        while (limit is None or limit > 0) and (rows := list(itertools.islice(source, CHUNK_ROWS))):
            if layout.left > 0 or layout.right + 1 < len(rows[0]):
                rows = [row[layout.left : layout.right + 1] for row in rows]
            numbers = list(range(at, at + len(rows)))
            at += len(rows)
            if (empty := [EMPTY] * len(rows[0])) in rows:
                numbers = [number for number, row in zip(numbers, rows, strict=True) if row != empty]
                self.blank += len(rows) - len(numbers)
                rows = [row for row in rows if row != empty]
            if limit is not None:
                numbers, rows = numbers[:limit], rows[:limit]
                limit -= len(rows)
            if rows:
                yield numbers, rows

    def _rows(self) -> Iterator[list[Any]]:
        """All rows of the sheet, with their errors as texts."""
        if not self.errors:
            return self.sheet.iter_rows()
        return map(self._with_errors, itertools.count(), self.sheet.iter_rows())

    def _with_errors(self, number: int, row: list[Any]) -> list[Any]:
        for column, text in self.errors.get(number, {}).items():
            if 0 <= column - self.offset < len(row):
                row[column - self.offset] = text
        return row

    def _look(self, count: int, *, summed: bool = False) -> Body:
        evidence = [Evidence(summed=summed) for _ in range(count)]
        tail: deque[tuple[int, list[Any]]] = deque(maxlen=TAIL_ROWS)
        total = 0
        for numbers, rows in self._body():
            for known, cells in zip(evidence, zip(*rows, strict=True), strict=True):
                known.add(cells)
            tail.extend(zip(numbers[-TAIL_ROWS:], rows[-TAIL_ROWS:], strict=True))
            total += len(rows)
        return Body(evidence, list(tail), total)

    def _without_rows_below(self, body: Body, width: int) -> tuple[Body, str | None]:
        """The body without notes after an empty row and sums and notes directly below, and what was left out."""
        said = None
        filled = [(number, len(row) - row.count(EMPTY)) for number, row in body.tail]
        if (last := row_above_notes(filled, width)) is not None:
            body, said = self._ending(last, body), "without the notes below the table"
        for count in range(min(MAX_LINES, len(body.tail) - 1), 0, -1):
            below = body.tail[-count:]
            if not all(may_be_below(row, body.evidence) for _, row in below):
                continue
            layout = self.layout
            without = self._ending(body.tail[-count - 1][0], body)
            if all(is_below(row, without.evidence, without.rows) for _, row in below):
                number, row = below[0]
                text = next(shown(cell) for cell in row if cell != EMPTY)[:40]
                return without, f"without row {number + 1} ({text}), which is a sum or a note, and what follows"
            self.layout = layout
        return body, said

    def _ending(self, last: int, body: Body) -> Body:
        """The body when the table ends with this row."""
        self.layout = replace(self.layout, end=last)
        return self._look(len(body.evidence), summed=True)

    def _errors(self, kept: list[int]) -> list[Counter[str]]:
        """The errors in each column of the table, counted by their text."""
        first, last = self.layout.start + self.layout.header, self.layout.end
        found: list[Counter[str]] = [Counter() for _ in kept]
        places = {self.layout.left + number + self.offset: at for at, number in enumerate(kept)}
        for row, cells in self.errors.items():
            if row >= first and (last is None or row <= last):
                for column in places.keys() & cells.keys():
                    found[places[column]][cells[column]] += 1
        return found

    def _write(self, kept: list[int], kinds: list[str], words: list[list[str]]) -> int:
        """Write the rows; returns how many."""
        nothing = [frozenset(own) | {EMPTY} for own in words]
        columns = [(f"c{number}", ARROW[kind]) for number, kind in enumerate(kinds)]
        schema = pa.schema([("line", pa.int64()), *columns])
        count = 0
        with pa.ipc.new_stream(Path(self.request["folder"]) / "rows.arrow", schema) as out:
            for numbers, rows in self._body(self.request.get("rows")):
                cells = list(zip(*rows, strict=True))
                chosen = zip(kept, kinds, nothing, strict=True)
                arrays = [array(cells[n], kind, own) for n, kind, own in chosen]
                lines = pa.array([number + 1 for number in numbers], pa.int64())
                out.write_batch(pa.RecordBatch.from_arrays([lines, *arrays], schema=schema))
                count += len(rows)
        return count
