"""The process that reads one sheet: finds the table in it and writes its rows as `line`, c0, c1… for DuckDB to map."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import python_calamine as calamine

from deita_engine.names import unique_names
from deita_engine.shapes import EngineError

from .answering import answering
from .labels import unique_labels
from .sheet_layout import HEAD_ROWS, Layout, found_layout, labels_of, parsed_range, row_above_notes

if TYPE_CHECKING:
    from .sheet_cells import Evidence

CHUNK_ROWS = 8192
TAIL_ROWS = 50
EMPTY = ""


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """`{sheets, sheet, range, header, labels, kinds, null_words, raw, confidence, reason, notes}`; the rows (the first
    `rows` of them) are in the folder's `rows.arrow`.
    """
    arrow = threading.Thread(target=_import_arrow)  # while the workbook is parsed, which holds no lock
    arrow.start()
    sheets, sheet = _sheet(Path(request["path"]), request.get("sheet"))
    arrow.join()
    if sheet.start is None:
        raise EngineError("file_empty", f"The sheet {sheet.name} has no cells.", details={"sheets": sheets})
    return _Table(sheet, request).written() | {"sheets": sheets, "sheet": sheet.name}


def _import_arrow() -> None:
    import pyarrow  # noqa: F401


def _sheet(path: Path, name: str | None) -> tuple[list[str], calamine.CalamineSheet]:
    try:
        with path.open("rb") as file:
            book = calamine.CalamineWorkbook.from_filelike(file)
            known = [meta for meta in book.sheets_metadata if meta.typ == calamine.SheetTypeEnum.WorkSheet]
            seen = [meta.name for meta in known if meta.visible == calamine.SheetVisibleEnum.Visible]
            sheets = seen or [meta.name for meta in known]
            names = [meta.name for meta in known]
            if name is not None and name not in names:
                raise EngineError(
                    "bad_recipe", f"There is no sheet {name}.", details={"field": "sheet", "sheets": sheets}
                )
            for candidate in [name] if name is not None else sheets:
                sheet = book.get_sheet_by_name(candidate)
                if sheet.start is not None or name is not None:
                    return sheets, sheet
    except calamine.PasswordError as error:
        message = "The workbook is protected by a password."
        raise EngineError("file_encrypted", message, "Save it without a password and upload it again.") from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise EngineError("file_unreadable", "The workbook is damaged or ends too early.") from error
    raise EngineError("file_empty", "The workbook has no cells.")


class _Table:
    """The table of one sheet. Columns count from the sheet's first filled one here, from A in a range."""

    def __init__(self, sheet: calamine.CalamineSheet, request: dict[str, Any]) -> None:
        assert sheet.start is not None
        self.sheet, self.request, self.offset = sheet, request, sheet.start[1]
        self.merged = [
            ((upper, left - self.offset), (lower, right - self.offset))
            for (upper, left), (lower, right) in sheet.merged_cell_ranges or ()
        ]
        self.layout = self._layout()

    def written(self) -> dict[str, Any]:
        """Find types, write rows; says what was found."""
        from .sheet_cells import shown

        head = list(itertools.islice(self.sheet.iter_rows(), self.layout.start + self.layout.header))
        texts = labels_of(head, self.layout, self.merged, shown)
        evidence, tail = self._evidence(len(texts))
        last = None if self.request.get("range") else row_above_notes(tail, sum(map(bool, texts)))
        if last is not None:
            self.layout = replace(self.layout, end=last)
            evidence, _ = self._evidence(len(texts))
        kept = [n for n, (text, known) in enumerate(zip(texts, evidence, strict=True)) if text or known.filled] or [0]
        labels = unique_labels(texts[number] for number in kept)
        kinds, words = self._kinds(labels, [evidence[number] for number in kept])
        rows = self._write(kept, kinds, words)
        left = self.layout.left
        self.layout = replace(self.layout, left=left + kept[0], right=left + kept[-1])
        return {
            "range": self.layout.range(self.offset),
            "header": self.layout.header,
            "labels": labels,
            "null_words": words,
            "rows": rows,
            "notes": last is not None,
            "confidence": self.layout.confidence,
            "reason": self.layout.reason,
        }

    def _layout(self) -> Layout:
        header, said, end = self.request.get("header"), self.request.get("range"), self.sheet.end
        if not said:
            head = list(itertools.islice(self.sheet.iter_rows(), HEAD_ROWS))
            return found_layout(head, self.merged, header)
        top, left, right, bottom = parsed_range(said)
        assert end is not None
        if top > end[0] or left > end[1] or right < self.offset:
            message = f"The range {said} lies outside of the sheet's cells."
            raise EngineError("bad_recipe", message, details={"field": "range"})
        left, right = max(left - self.offset, 0), min(right, end[1]) - self.offset
        if header is None:
            rows = itertools.islice(self.sheet.iter_rows(), top, top + HEAD_ROWS)
            header = found_layout([row[left : right + 1] for row in rows], (), None).header
        return Layout(top, int(header), left, right, bottom, 1.0, "as you said")

    def _body(self, limit: int | None = None) -> Iterator[tuple[list[int], list[list[Any]]]]:
        """The rows below the header (at most `limit`) in chunks with their numbers from 0, cut to the table's columns;
        empty ones are left out.
        """
        layout = self.layout
        at = layout.start + layout.header
        source = itertools.islice(self.sheet.iter_rows(), at, None if layout.end is None else layout.end + 1)
        while (limit is None or limit > 0) and (rows := list(itertools.islice(source, CHUNK_ROWS))):
            if layout.left > 0 or layout.right + 1 < len(rows[0]):
                rows = [row[layout.left : layout.right + 1] for row in rows]
            numbers = list(range(at, at + len(rows)))
            at += len(rows)
            if (empty := [EMPTY] * len(rows[0])) in rows:
                numbers = [number for number, row in zip(numbers, rows, strict=True) if row != empty]
                rows = [row for row in rows if row != empty]
            if limit is not None:
                numbers, rows = numbers[:limit], rows[:limit]
                limit -= len(rows)
            if rows:
                yield numbers, rows

    def _evidence(self, count: int) -> tuple[list[Evidence], list[tuple[int, int]]]:
        """What the cells of each column are, and of the last rows the number and how many cells they fill."""
        from .sheet_cells import Evidence

        evidence = [Evidence() for _ in range(count)]
        tail: deque[tuple[int, int]] = deque(maxlen=TAIL_ROWS)
        for numbers, rows in self._body():
            for known, cells in zip(evidence, zip(*rows, strict=True), strict=True):
                known.add(cells)
            last = zip(numbers[-TAIL_ROWS:], rows[-TAIL_ROWS:], strict=True)
            tail.extend((number, len(row) - row.count(EMPTY)) for number, row in last)
        return evidence, list(tail)

    def _kinds(self, labels: list[str], evidence: list[Evidence]) -> tuple[list[str], list[str]]:
        """The kind of each column and the words that count as nothing; what is to be text stays as shown."""
        from .sheet_cells import TEXT

        said = self.request.get("null_words")
        texts = set(self.request.get("texts") or ())
        names = unique_names(labels)
        kinds, words = [], [EMPTY] if said is None else list(said)
        for label, name, known in zip(labels, names, evidence, strict=True):
            kind, used = known.kind(said)
            if label in texts or name in texts:
                kind, used = TEXT, []
            kinds.append(kind)
            words += [word for word in used if word not in words]
        return kinds, words

    def _write(self, kept: list[int], kinds: list[str], words: list[str]) -> int:
        """Write the rows; returns how many."""
        import pyarrow as pa

        from .sheet_cells import ARROW, array

        nothing = frozenset(words) | {EMPTY}
        columns = [(f"c{number}", ARROW[kind]) for number, kind in enumerate(kinds)]
        schema = pa.schema([("line", pa.int64()), *columns])
        count = 0
        with pa.ipc.new_stream(Path(self.request["folder"]) / "rows.arrow", schema) as out:
            for numbers, rows in self._body(self.request.get("rows")):
                cells = list(zip(*rows, strict=True))
                arrays = [array(cells[n], kind, nothing) for n, kind in zip(kept, kinds, strict=True)]
                lines = pa.array([number + 1 for number in numbers], pa.int64())
                out.write_batch(pa.RecordBatch.from_arrays([lines, *arrays], schema=schema))
                count += len(rows)
        return count


if __name__ == "__main__":
    answering(answer)
