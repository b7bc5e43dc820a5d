"""A statement cut into tokens, for what DuckDB cannot hand out as a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

NAME = re.compile(rb'"(?:[^"]|"")*"|[^\W\d][\w$]*', re.ASCII)
PLAIN_BEGINNING = re.compile(r"\s*([a-zA-Z_]+)(?=[\s(*])", re.ASCII)
BARE = re.compile(r'"(?:[^"]|"")*"|[\w$]+')


@dataclass(frozen=True)
class Token:
    """A token: where it starts (bytes), its text without what follows, what kind of thing it is."""

    start: int
    text: str
    kind: str

    @property
    def word(self) -> str:
        """The text in capitals if it is a bare word or an operator, so that it can be compared with a keyword."""
        return "" if self.text.startswith(('"', "'")) else self.text.upper()

    @property
    def is_string(self) -> bool:
        """Whether it is a string literal."""
        return self.kind == "string_const"

    @property
    def is_name(self) -> bool:
        """Whether it may be a name (keywords may, too: many are not reserved)."""
        return self.kind in ("identifier", "keyword")

    @property
    def name(self) -> str:
        """The name without quotes."""
        return self.text[1:-1].replace('""', '"') if self.text.startswith('"') else self.text


def tokenize(sql: str) -> list[Token]:
    """The tokens of a text; comments are left out."""
    data = sql.encode()
    places = duckdb.tokenize(sql)
    ends = [*(start for start, _ in places[1:]), len(data)] if places else []
    tokens = []
    for (start, kind), end in zip(places, ends, strict=True):
        text = data[start:end].decode("utf-8", "replace")
        tokens += _cut(start, text, kind.name)
    return [token for token in tokens if token.kind != "comment"]


def _cut(start: int, text: str, kind: str) -> list[Token]:
    if kind in ("identifier", "keyword"):
        found = BARE.match(text)
        return [Token(start, found.group() if found else text.strip(), kind)]
    if kind == "operator":
        return [Token(start, text.strip()[:1] if text.strip() else "", kind)]
    return [Token(start, text.strip(), kind)]


def first_word(sql: str) -> str:
    """The first token in capitals, or an empty text; where a word begins the text, nothing else is looked at."""
    begins = PLAIN_BEGINNING.match(sql)
    return begins.group(1).upper() if begins else next((token.word for token in tokenize(sql)), "")


def closing(tokens: list[Token], place: int) -> int:
    """The place of the parenthesis that closes the one at `place`, or the last place."""
    depth = 0
    for index in range(place, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[index].text, 0)
        if depth == 0:
            return index
    return len(tokens) - 1


def blanked(text: str) -> str:
    """As many characters and lines, all of them empty: what comes behind keeps its place."""
    return re.sub(r"[^\n]", " ", text)


def place_of(sql: str, offset: int) -> dict[str, int]:
    """Line and column (from 1) of a byte of the text; nothing where the parser knew none."""
    before = sql.encode()[:offset].decode("utf-8", "replace")
    if offset > len(sql.encode()):
        return {}
    return {"line": before.count("\n") + 1, "column": len(before) - (before.rfind("\n") + 1) + 1}
