"""Reads a text as records: quotes that are right as everybody reads them, also over several lines; wrong ones repaired.

A record goes over several lines only when its quotes demand and allow it. Otherwise one stray quote would swallow
lines.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from deita_engine.shapes import EngineError

from .counts import Counts
from .dialect import MAX_LINE, BadQuoteError, Dialect, OpenQuoteError, split
from .resplit import resplit

MAX_OPEN_LINES = 1000
STRAY = "a quote stands inside a field"


@dataclass(slots=True)
class Record:
    """One record: the number of its first line (from 1), its text without the line end, its fields, what was wrong."""

    line: int
    raw: str
    fields: list[str]
    wrong: str | None = None
    lines: int = 1

    @property
    def blank(self) -> bool:
        """Nothing at all, or nothing but delimiters and spaces."""
        if self.fields[0] > " ":  # the usual case, at once
            return False
        return not any(field and not field.isspace() for field in self.fields)


def records(
    lines: Iterable[str],
    dialect: Dialect,
    width: int | None = None,
    first_line: int = 1,
    counts: Counts | None = None,
) -> Iterator[Record]:
    """The records of lines (with their ends, as a file opened with newline="" gives them). With a `width`, lines whose
    quotes are wrong are cut into so many fields where that is possible. Comments are left out and, with `counts`,
    counted. Raises EngineError line_too_long.
    """
    source = iter(lines)
    waiting: deque[str] = deque()
    number = first_line - 1
    stray = _stray(dialect)

    def following() -> str | None:
        line = waiting.popleft() if waiting else next(source, None)
        if line is not None and len(line) >= MAX_LINE:
            raise too_long(number)
        return line

    while (line := following()) is not None:
        number += 1
        text = line.rstrip("\r\n")
        if dialect.comment and text.startswith(dialect.comment):
            if counts:
                counts.comments += 1
            continue
        try:
            fields = split(text, dialect)
            yield Record(number, text, fields, STRAY if stray(text) else None)
            continue
        except BadQuoteError:
            yield _repaired(number, text, dialect, width)
            continue
        except OpenQuoteError:
            pass
        taken = [line]
        record = _over_lines(number, taken, following, dialect, width)
        if record is None:
            waiting.extendleft(reversed(taken[1:]))
            yield _repaired(number, text, dialect, width)
        else:
            number += record.lines - 1
            yield record


def _stray(dialect: Dialect) -> Callable[[str], object]:
    """Finds a quote that opens inside a field and closes at the end of one: a delimiter is missing before it."""
    if not dialect.quote:
        return lambda _: None
    d, q = re.escape(dialect.delimiter), re.escape(dialect.quote)
    plain, inside = f"(?:(?!{d}|{q}).)", f"(?:(?!{d}|{q}).|{q}{q})"
    opens = re.compile(f"{q}(?!{d}|{q}|$)(?<!^{q})(?<!{d}{q})(?<!{q}{q})")  # told at once, and most lines have none
    whole = re.compile(f"(?:^|{d}){plain}+{q}{plain}{inside}*(?:{d}{inside}*)+{q}(?:{d}|{q}|$)")
    return lambda text: opens.search(text) and whole.search(text)


def too_long(number: int) -> EngineError:
    """The error for a line beyond MAX_LINE."""
    return EngineError(
        "line_too_long",
        f"Line {number + 1} is longer than {MAX_LINE // 2**20} MB.",
        "If the file has another line end or an open quote, correct it and upload the file again.",
        {"line": number + 1},
    )


def _over_lines(number: int, taken: list[str], following: object, dialect: Dialect, width: int | None) -> Record | None:
    assert callable(following)
    size = len(taken[0])
    while len(taken) < MAX_OPEN_LINES and size < MAX_LINE:
        line = following()
        if line is None:
            return None
        taken.append(line)
        size += len(line)
        if dialect.quote not in line:
            continue
        text = "".join(taken)
        text = text.rstrip("\r\n") if not text.endswith(("\r\n",)) else text[:-2]
        try:
            fields = split(text, dialect)
        except OpenQuoteError:
            continue
        except BadQuoteError:
            return None
        if width is not None and len(fields) != width:
            return None
        return Record(number, text, fields, lines=len(taken))
    return None


def _repaired(number: int, text: str, dialect: Dialect, width: int | None) -> Record:
    found = resplit(text, dialect, width) if width is not None else None
    found = found or resplit(text, dialect, None)
    fields = found[0] if found else text.split(dialect.delimiter)
    return Record(number, text, fields, "a quote is not where it may be")
