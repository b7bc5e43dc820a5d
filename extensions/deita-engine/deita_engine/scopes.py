"""What a statement being written names where the cursor stands: its sources of rows and how they are called.

The statement need not be complete, so there is no tree of it: its tokens are cut into levels by their parentheses. A
level that holds the cursor sees the tables, subqueries and common table expressions of its own SELECT and of the levels
around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .tokens import Token

TABLE_WORDS = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "DESCRIBE", "SUMMARIZE", "PIVOT", "UNPIVOT"})
SET_WORDS = frozenset({"UNION", "INTERSECT", "EXCEPT"})
NO_ALIAS = frozenset(
    {
        "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "QUALIFY", "WINDOW", "UNION", "INTERSECT", "EXCEPT",
        "ON", "USING", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "ASOF", "POSITIONAL", "SEMI",
        "ANTI", "SELECT", "SET", "VALUES", "TABLESAMPLE", "PIVOT", "UNPIVOT", "FROM", "LATERAL", "RETURNING", "WITH",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Something that rows come from: a name, or the text of a subquery; `alias` is how the statement calls it."""

    name: str
    alias: str
    query: str | None = None


@dataclass(frozen=True)
class Scope:
    """What is known at the cursor: the sources of its own level first, and the texts of the expressions (WITH)."""

    sources: tuple[Source, ...] = ()
    expressions: dict[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    """The words of the cursor's level before it."""


@dataclass
class Level:
    """Tokens between two parentheses; what lies in parentheses inside is one item."""

    start: int
    end: int
    items: list[Token | Level] = field(default_factory=list)

    def holds(self, at: int) -> bool:
        """Whether a byte lies between the parentheses."""
        return self.start <= at <= self.end


def scope_at(data: bytes, tokens: list[Token], at: int) -> Scope:
    """The scope at a byte of the text whose tokens these are."""
    path = [_levels(tokens, len(data))]
    while inner := next((i for i in path[-1].items if isinstance(i, Level) and i.holds(at)), None):
        path.append(inner)
    sources: list[Source] = []
    expressions: dict[str, str] = {}
    for level in reversed(path):
        for name, text in _expressions(data, level, at):
            expressions.setdefault(name, text)
        sources += _sources(data, _select_at(level, at))
    before = tuple(item.word for item in path[-1].items if isinstance(item, Token) and item.start < at)
    if len(path) > 1:  # what stands before the parenthesis counts, too: USING (
        outside = [i.word for i in path[-2].items if isinstance(i, Token) and i.start < path[-1].start]
        before = (*outside[-1:], "(", *before)
    return Scope(tuple(sources), expressions, before)


def _levels(tokens: list[Token], end: int) -> Level:
    top = Level(0, end)
    stack = [top]
    for token in tokens:
        if token.text == "(":
            level = Level(token.start + 1, end)
            stack[-1].items.append(level)
            stack.append(level)
        elif token.text == ")" and len(stack) > 1:
            stack.pop().end = token.start
        elif token.text == ";" and len(stack) == 1:
            top.items.append(token)
        else:
            stack[-1].items.append(token)
    return top


def _select_at(level: Level, at: int) -> list[Token | Level]:
    """The items of the SELECT that the place belongs to: between set operations and semicolons."""
    part: list[Token | Level] = []
    for item in level.items:
        if isinstance(item, Token) and (item.word in SET_WORDS or item.text == ";"):
            if item.start >= at:
                break
            part = []
        else:
            part.append(item)
    return part


def _expressions(data: bytes, level: Level, at: int) -> Iterator[tuple[str, str]]:
    """Names and texts of the common table expressions of a level that end before the cursor: it sees no others."""
    items = level.items
    if not any(_is(item, "WITH") for item in items):
        return
    for place, item in enumerate(items):
        if not isinstance(item, Level) or item.end >= at:
            continue
        head = place - 1
        while head > 1 and (_is(items[head], "MATERIALIZED") or _is(items[head], "NOT")):
            head -= 1
        if head < 1 or not _is(items[head], "AS"):
            continue
        named = items[head - 2] if isinstance(items[head - 1], Level) else items[head - 1]  # name (columns) AS (…)
        if isinstance(named, Token) and named.is_name:
            yield named.name.casefold(), data[item.start : item.end].decode("utf-8", "replace")


def _sources(data: bytes, items: list[Token | Level]) -> Iterator[Source]:
    place = 0
    while place < len(items):
        item = items[place]
        place += 1
        if isinstance(item, Token) and item.word in TABLE_WORDS:
            while place < len(items):
                source, place = _source(data, items, place)
                if source:
                    yield source
                following = items[place] if place < len(items) else None
                if not (isinstance(following, Token) and following.text == ","):
                    break
                place += 1


def _source(data: bytes, items: list[Token | Level], place: int) -> tuple[Source | None, int]:
    """The source at a place, and the place after it."""
    item = items[place]
    query = None
    if isinstance(item, Level):
        name, query = "", data[item.start : item.end].decode("utf-8", "replace")
        place += 1
    elif item.is_name and item.word not in NO_ALIAS:
        name, place = item.name, place + 1
        while place + 1 < len(items) and _is(items[place], ".") and isinstance(part := items[place + 1], Token):
            name, place = part.name, place + 2
        if place < len(items) and isinstance(items[place], Level):  # a table function
            return None, place + 1
    else:
        return None, place
    if place < len(items) and _is(items[place], "AS"):
        place += 1
    alias = items[place] if place < len(items) else None
    if isinstance(alias, Token) and alias.is_name and alias.word not in NO_ALIAS:
        return Source(name, alias.name, query), place + 1
    return Source(name, name, query), place


def _is(item: Token | Level, word: str) -> bool:
    return isinstance(item, Token) and item.word == word
