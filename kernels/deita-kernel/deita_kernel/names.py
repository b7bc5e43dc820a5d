"""The names and words of a text of SQL, and the one at the cursor."""

from __future__ import annotations

import re

from deita.sql_text import opaque_spans

_WORD = re.compile(r'"((?:[^"]|"")+)"|([^\W\d]\w*)')


def words_of(sql: str) -> set[str]:
    """The names and words of a statement outside its strings and comments, in lower case."""
    strings = [(start, end) for start, end in opaque_spans(sql) if sql[start] != '"']
    return {
        _name(match).casefold()
        for match in _WORD.finditer(sql)
        if not any(start <= match.start() < end for start, end in strings)
    }


def name_at(sql: str, position: int) -> str | None:
    """The name or word at a position, as it is meant: without quotes."""
    for match in _WORD.finditer(sql):
        if match.start() <= position <= match.end():
            return _name(match)
    return None


def _name(match: re.Match[str]) -> str:
    return str(match[1].replace('""', '"') if match[1] else match[2])
