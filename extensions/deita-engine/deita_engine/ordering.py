"""Whether the order of a result's rows was asked for."""

from __future__ import annotations

from .tokens import tokenize


def is_ordered(sql: str) -> bool:
    """Whether ORDER BY stands outside all parentheses, so that the result's order means something."""
    if "order" not in sql.lower():  # most have none, and cutting a text into tokens costs more than this
        return False
    depth = 0
    before = ""
    for token in tokenize(sql):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 and before == "ORDER" and token.word == "BY":
            return True
        before = token.word if depth == 0 else ""
    return False
