"""Tables named in full, `main.sales` or `lake.main.sales`: blanks take the place of the schema.

A statement sees its tables in the schema of a snapshot, whose name nobody knows. This is done before the guard looks:
it judges what will run.
"""

from __future__ import annotations

from collections.abc import Iterator

from .token_guard import table_places
from .tokens import Token, blanked, tokenize

SCHEMA = "main"
CATALOG = "lake"


def unqualified(sql: str) -> str:
    """The statement with tables (and columns, `main.sales.price`) without their schema; all else keeps its place."""
    if SCHEMA not in sql.lower():
        return sql
    tokens = tokenize(sql)
    spans = [(place, name) for place in table_places(tokens) if (name := _name_after(tokens, place)) is not None]
    tables = {tokens[name].name.casefold() for _, name in spans}
    spans += _columns(tokens, tables, {place for place, _ in spans})
    data = sql.encode()
    for place, name in spans:
        start, end = tokens[place].start, tokens[name].start
        data = data[:start] + blanked(data[start:end].decode()).encode() + data[end:]
    return data.decode()


def _name_after(tokens: list[Token], place: int) -> int | None:
    """Where the table's name stands that a schema at `place` comes before; None when there is no schema."""
    if place >= 2 and tokens[place - 1].word == "FROM" and tokens[place - 2].word == "DISTINCT":
        return None  # IS DISTINCT FROM
    parts = [SCHEMA]
    if tokens[place].name.lower() == CATALOG:
        parts = [CATALOG, SCHEMA]
    for part in parts:
        if place + 2 >= len(tokens) or not _is(tokens[place], part) or tokens[place + 1].text != ".":
            return None
        place += 2
    called = place + 1 < len(tokens) and tokens[place + 1].text == "("
    return place if tokens[place].is_name and not called else None


def _columns(tokens: list[Token], tables: set[str], known: set[int]) -> Iterator[tuple[int, int]]:
    """`main.t.` before columns of tables that were named in full."""
    for place in range(len(tokens) - 4):
        schema, dot, table, second, _ = tokens[place : place + 5]
        if place in known or (place and tokens[place - 1].text == ".") or not _is(schema, SCHEMA):
            continue
        if dot.text == second.text == "." and table.is_name and table.name.casefold() in tables:
            yield place, place + 2


def _is(token: Token, word: str) -> bool:
    return token.is_name and token.name.lower() == word
