"""The end of a CSV file that is too large to be looked at as a whole: sums and notes in its last lines, and a copy
without them.

The fast reader knows no lines below a table. Without the copy one total would send the whole file through the careful
reader, which takes many times as long.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from .csv_totals import lines_below, without_last
from .dialect import Dialect
from .layout import Layout
from .records import records

LOOKED_AT, MOST = 64 * 1024, 64 * 1024**2
COPIED = 64 * 1024**2


def last_lines(path: Path, size: int = LOOKED_AT) -> list[bytes]:
    """The whole lines, with their ends, in the last `size` bytes of a UTF-8 file."""
    with path.open("rb") as file:
        start = max(file.seek(0, os.SEEK_END) - size, 0)
        file.seek(start)
        lines = file.read(size).splitlines(keepends=True)
    return lines[1:] if start else lines  # the first was cut


def find_footer(path: Path, dialect: Dialect, layout: Layout) -> tuple[int, str]:
    """How many of the last lines are sums and notes, and the text of the first of them."""
    lines = [line.decode("utf-8", "replace") for line in last_lines(path)]
    found = list(records(lines, dialect))
    laid = replace(layout, first=0, end=len(found))
    short = without_last(found, laid, dialect.delimiter, all_rows=False)
    if short.end == laid.end:
        return 0, ""
    first = next(record for record in found[short.end :] if not record.blank)
    return lines_below(found, short, len(lines)), first.raw


def without_footer(path: Path, count: int, folder: Path, check: Callable[[], None]) -> Path | None:
    """The file, or a copy in `folder` without its last `count` lines; None when these are too long to be found."""
    if not count:
        return path
    size = LOOKED_AT
    while len(lines := last_lines(path, size)) < count and size < min(MOST, path.stat().st_size):
        size *= 8
    if len(lines) < count:
        return None
    left = path.stat().st_size - sum(map(len, lines[-count:]))
    copy = folder / "table"
    with path.open("rb") as source, copy.open("wb") as target:
        while left:
            check()
            left -= os.sendfile(target.fileno(), source.fileno(), None, min(left, COPIED))
    return copy
