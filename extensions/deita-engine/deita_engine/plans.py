"""Plans as EXPLAIN shows them, without the names of the lake's files: these are absolute paths of the server."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

TITLE = "Filename(s):"
CELL = re.compile(r"[^│\n]+")
JSON_NAMES = re.compile(r'(,\s*)?"Filename\(s\)":\s*(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\])(?(1)|\s*,?)')


def without_files(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The rows of an EXPLAIN (name and plan, both text) without file names; their order and schema stay."""

    def cleaned() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            columns = [pa.array(map(cleaned_text, column.to_pylist()), column.type) for column in batch.columns]
            yield pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    return pa.RecordBatchReader.from_batches(reader.schema, cleaned())


def cleaned_text(plan: str) -> str:
    """One plan, drawn in boxes or as JSON, without file names."""
    return JSON_NAMES.sub("", plan) if plan.lstrip().startswith(("{", "[")) else _without_boxed_files(plan)


def _without_boxed_files(plan: str) -> str:
    """Boxes stand side by side: what follows the title is blanked in its own column until an empty line there."""
    hiding: set[int] = set()
    lines = []
    for line in plan.split("\n"):
        for cell in list(CELL.finditer(line)):
            column, text = cell.start(), cell.group().strip()
            if text == TITLE:
                hiding.add(column)
            elif not text or text.startswith("─"):
                hiding.discard(column)
            if column in hiding:
                line = line[:column] + " " * (cell.end() - column) + line[cell.end() :]
        lines.append(line)
    return "\n".join(lines)
