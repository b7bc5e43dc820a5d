"""Which parts of a text of SQL are opaque (strings, quoted names, comments) and where its statements end.

Not a parser: the engine parses. This knows only what hides a semicolon or a colon, by DuckDB's lexical rules: '' and ""
escapes, E'…' with backslashes, $tag$…$tag$, -- to the end of the line, /* … */ nested.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_OPENING = re.compile(
    r"""(?P<escaped>(?<![\w$])[eE]')|(?P<string>')|(?P<name>")|(?P<line>--)|(?P<block>/\*)"""
    r"""|(?P<dollar>(?<![\w$])\$(?:[A-Za-z_]\w*)?\$)"""
)
_ESCAPED_END = re.compile(r"(?:[^'\\]|\\.|'')*'", re.DOTALL)
_NESTING = re.compile(r"/\*|\*/")


@dataclass(frozen=True)
class Statement:
    """One statement of a text, without its semicolon; `offset` is where it begins."""

    sql: str
    offset: int


@dataclass(frozen=True)
class Span:
    """An opaque part: `kind` is escaped, string, name, line, block or dollar; `closed` says that its end was found."""

    kind: str
    start: int
    end: int
    closed: bool


def spans(text: str) -> Iterator[Span]:
    """The opaque parts, in order."""
    position = 0
    while match := _OPENING.search(text, position):
        kind = match.lastgroup or ""
        end = _end(text, kind, match)
        position = len(text) if end is None else end
        yield Span(kind, match.start(), position, end is not None)


def opaque_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of every opaque part."""
    return [(span.start, span.end) for span in spans(text)]


def statements(text: str) -> list[Statement]:
    """Split at the semicolons that end statements; what holds only space and comments is left out.

    >>> [s.sql for s in statements("SELECT ';'; -- a; b\\nSELECT 2;")]
    ["SELECT ';'", 'SELECT 2']
    """
    found, start = [], 0
    for end in [*_semicolons(text), len(text)]:
        piece = text[start:end]
        lead = _blank(piece)
        if lead < len(piece):
            found.append(Statement(piece[lead:].rstrip(), start + lead))
        start = end + 1
    return found


def is_open(text: str) -> bool:
    """Whether a string, quoted name or comment goes on beyond the end of the text."""
    return any(not span.closed and span.kind != "line" for span in spans(text))


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Where an offset is, both counted from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _semicolons(text: str) -> list[int]:
    found, position = [], 0
    for start, end in [*opaque_spans(text), (len(text), len(text))]:
        found += [position + match.start() for match in re.finditer(";", text[position:start])]
        position = end
    return found


def _blank(piece: str) -> int:
    """How many characters of space and comments a piece begins with."""
    position = 0
    for span in spans(piece):
        if piece[position : span.start].strip() or span.kind not in ("line", "block"):
            break
        position = span.end
    return position + len(piece[position:]) - len(piece[position:].lstrip())


def _end(text: str, kind: str, opening: re.Match[str]) -> int | None:
    after = opening.end()
    if kind == "escaped":
        match = _ESCAPED_END.match(text, after)
        return match.end() if match else None
    if kind == "line":
        newline = text.find("\n", after)
        return newline if newline >= 0 else None
    if kind == "block":
        return _block_end(text, after)
    closing = opening[0] if kind == "dollar" else opening[0][-1]
    found = text.find(closing, after)
    return found + len(closing) if found >= 0 else None


def _block_end(text: str, position: int) -> int | None:
    depth = 1
    while match := _NESTING.search(text, position):
        depth += 1 if match[0] == "/*" else -1
        position = match.end()
        if depth == 0:
            return position
    return None
