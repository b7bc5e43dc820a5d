"""What the guard sees of a statement that DuckDB gives no tree of: its tokens."""

from __future__ import annotations

from .deny import FILE_LIKE, SYSTEM_SCHEMAS, SYSTEM_TABLES, is_denied, refused
from .tokens import Token

TABLE_WORDS = frozenset(
    {"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "USING", "PIVOT", "UNPIVOT", "DESCRIBE", "SUMMARIZE", "VIEW"}
)


ENDING_WORDS = frozenset(
    {
        "SELECT", "WHERE", "SET", "ON", "GROUP", "ORDER", "VALUES", "WHEN", "HAVING", "LIMIT", "QUALIFY", "RETURNING",
        "WINDOW",
    }
)  # fmt: skip
FUNCTIONS_WITH_FROM = frozenset({"EXTRACT", "TRIM", "SUBSTRING", "OVERLAY"})


def judge_tokens(tokens: list[Token]) -> tuple[str, ...]:
    """Refuse denied names and files in the place of tables; returns the identifiers as possible table names."""
    names: dict[str, None] = {}
    places = _table_places(tokens)
    for place, token in enumerate(tokens):
        if place in places and (token.is_string or (token.text.startswith('"') and FILE_LIKE.search(token.name))):
            raise refused("A file in the place of a table")
        if not token.is_name:
            continue
        if place + 1 < len(tokens) and tokens[place + 1].text == "(" and is_denied(token.name):
            raise refused(f"The function {token.name}")
        if SYSTEM_TABLES.match(token.name) or token.name.lower() in SYSTEM_SCHEMAS:
            raise refused(f"The name {token.name}")
        names[token.name] = None
    return tuple(names)


def _table_places(tokens: list[Token]) -> set[int]:
    """Where a table may stand: after FROM and its like, and after each comma of such a list."""
    places = set()
    in_list = [False]
    from_is_a_clause = [True]
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if place else None
        if token.text == "(":
            in_list.append(bool(before and before.word in TABLE_WORDS))
            from_is_a_clause.append(not (before and before.word in FUNCTIONS_WITH_FROM))
        elif token.text == ")" and len(in_list) > 1:
            in_list.pop()
            from_is_a_clause.pop()
        elif token.word in ENDING_WORDS:
            in_list[-1] = False
        elif token.word in TABLE_WORDS and from_is_a_clause[-1]:
            in_list[-1] = True
        if before and in_list[-1] and (before.word in TABLE_WORDS or before.text in (",", "(")):
            places.add(place)
    return places
