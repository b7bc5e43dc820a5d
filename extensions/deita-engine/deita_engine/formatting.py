"""A statement laid out anew: sqlfmt moves whitespace and writes keywords small, and nothing else.

sqlfmt works on tokens and not on a tree, so that DuckDB's own syntax and all comments survive; it makes sure itself
that the tokens stay the same. Here the parsed trees are compared besides (the tokens, of what has no tree), and where
one differs the text stays as it was. Tried instead: sqlglot rewrites functions and turns `--` comments into `/* */`,
sqlparse takes columns for keywords.
"""

from __future__ import annotations

import json
from typing import Any

import duckdb

from .shapes import Formatted
from .tokens import tokenize

MAX_CHARACTERS = 50_000
"""sqlfmt cannot be interrupted and takes about 0.1 s for 5,000 characters."""


def formatted(parser: duckdb.DuckDBPyConnection, sql: str) -> Formatted:
    """The statement laid out, or as it was with the reason why."""
    if len(sql) > MAX_CHARACTERS:
        return Formatted(sql, f"It is longer than {MAX_CHARACTERS:,} characters.")
    try:
        before = _meaning(parser, sql)
    except duckdb.Error:
        return Formatted(sql, "It cannot be parsed.")
    from sqlfmt.api import format_string
    from sqlfmt.exception import SqlfmtError
    from sqlfmt.mode import Mode

    try:
        laid_out = format_string(sql, Mode(no_jinjafmt=True)).strip()
    except (SqlfmtError, RecursionError):
        return Formatted(sql, "It has something that the formatter does not know.")
    if _meaning(parser, laid_out) != before:
        return Formatted(sql, "Laid out, it would mean something else.")
    return Formatted(laid_out, "It is laid out already." if laid_out == sql else None)


def _meaning(parser: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """The tree without places, or the tokens of what DuckDB gives no tree of; raises duckdb.Error for what it cannot
    parse.
    """
    parser.extract_statements(sql)
    tree = json.loads(parser.execute("SELECT json_serialize_sql($1)", [sql]).fetchall()[0][0])
    if tree.get("error"):
        return [token.name if token.text.startswith('"') else token.word or token.text for token in tokenize(sql)]
    return _without_places(tree)


def _without_places(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_places(value) for key, value in node.items() if key != "query_location"}
    return [_without_places(item) for item in node] if isinstance(node, list) else node
