"""What became of everything in a file, by number: nothing is lost that nobody can account for.

    total = rows + rejects + above + header + below + blank + comments + continued

The parts are counted where they are left out, not worked out from the total, so that the equation can fail and a test
can see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Literal

BLOCK = 1024 * 1024


@dataclass
class Counts:
    """`total` lines of a text, rows of a sheet or table, or values of a JSON text; and those that are no rows.

    `above` the header, of the `header`, `below` the last row (notes, further tables), `blank`, `comments`, and further
    lines of rows that go over several (`continued`).
    """

    unit: Literal["line", "row", "value"]
    total: int = 0
    above: int = 0
    header: int = 0
    below: int = 0
    blank: int = 0
    comments: int = 0
    continued: int = 0

    @property
    def left_out(self) -> int:
        """How many are neither a row nor a reject."""
        return sum(getattr(self, field.name) for field in fields(self)[2:])

    def counted(self, lines: Iterable[str]) -> Iterator[str]:
        """The lines, each counted as it passes."""
        for line in lines:
            self.total += 1
            yield line


def line_count(path: Path) -> int:
    """How many lines a UTF-8 file has; one ends with LF, CR LF or CR."""
    with path.open("rb") as file:
        count, after_return, last = 0, False, b""
        for block in _blocks(file):
            count += _line_ends(block) - (after_return and block.startswith(b"\n"))
            after_return, last = block.endswith(b"\r"), block[-1:]
    return count + (last not in (b"", b"\n", b"\r"))


def blank_count(path: Path) -> int:
    """How many lines of a file of lines with LF or CR LF hold nothing."""
    with path.open("rb") as file:
        return sum(not line.rstrip(b"\r\n") for line in file)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.read(BLOCK), b"")


def _line_ends(block: bytes) -> int:
    if b"\r" not in block:
        return block.count(b"\n")
    return block.count(b"\n") + block.count(b"\r") - block.count(b"\r\n")
