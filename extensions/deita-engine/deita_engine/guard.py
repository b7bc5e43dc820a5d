"""Which statements may run: one SELECT-like statement in a read; a few that write besides, in a write.

A read is judged by its parsed tree (`json_serialize_sql`): functions, table functions and the places where tables come
from are allowed by list (`reviewed`, `places`). What DuckDB does not serialise (PIVOT at the top, EXPLAIN, everything
that writes) is judged by its tokens: every query inside it is judged as a read where it can be cut out, and what could
be the call of a function must be one of the list. This is one layer; the instances are locked besides.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field, replace

import duckdb

from .errors import from_duckdb
from .heads import HEADS, HeadReader
from .own_schema import unqualified
from .places import EXPLAIN_FORMATS, READ_WORDS, WRITE_WORDS, WRITING
from .reviewed import refused
from .shapes import EngineError, Mode
from .token_guard import judge_tokens
from .tokens import Token, blanked, closing, first_word, tokenize
from .tree_guard import judge_tree

PIVOTING = frozenset({"SELECT", "EXPLAIN", "CREATE"})
"""Kinds of statements that may hold a PIVOT without its values: DuckDB runs them as several."""
SEVERAL = "With PIVOT, name the values: ON column IN (…); or CREATE TABLE … AS PIVOT … first, and read that table."
EXPLAIN_OPTIONS = frozenset({"ANALYZE", "FORMAT"})


@dataclass(frozen=True)
class Judged:
    """A statement that may run.

    `type` is DuckDB's name of its kind. Of a write, `target` is the table, `action` what happens to it (see `ACTIONS`),
    `query` the SELECT that a CREATE takes its rows from, `reads` that of any write, with blanks before it so that every
    character keeps its line and column. `sql` is the statement as it is to be run: without the schema of its tables.
    `several` says that DuckDB runs it as several statements (see `pivots`).
    """

    type: str
    sql: str
    writes: bool = False
    serialisable: bool = False
    tables: tuple[str, ...] = ()
    target: str = ""
    action: str = ""
    query: str | None = None
    reads: str | None = None
    options: frozenset[str] = field(default_factory=frozenset)
    several: bool = False


def judge(parser: duckdb.DuckDBPyConnection, sql: str, mode: Mode) -> Judged:
    """The one statement in `sql`, if `mode` allows it; raises EngineError otherwise. `parser` is a cursor of a locked
    instance.
    """
    sql = unqualified(sql)
    kind, pivot = _kind(parser, sql)
    if (first := first_word(sql)) not in (WRITE_WORDS if kind in WRITING else READ_WORDS):
        raise refused(f"A {first or kind} statement")
    if kind in WRITING:
        if mode != "write":
            message = f"{kind.replace('_', ' ')} changes data; this needs write mode."
            raise EngineError("write_mode_required", message, "Run it with mode=write.")
        return replace(_judge_write(parser, sql, kind), several=pivot)
    if kind not in ("SELECT", "EXPLAIN"):
        raise refused(f"{kind.replace('_', ' ')} statements")
    if kind == "EXPLAIN":
        return replace(_judge_explain(parser, sql), several=pivot)
    if pivot:
        return Judged("SELECT", sql, tables=judge_tokens(tokenize(sql)))
    return Judged(kind, sql, serialisable=True, tables=judge_select(parser, sql))


def judge_select(parser: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, ...]:
    """The tables that a SELECT names; raises EngineError when anything in its tree is not allowed."""
    tree = json.loads(parser.execute("SELECT json_serialize_sql($1)", [sql]).fetchall()[0][0])
    if tree.get("error"):
        return judge_tokens(tokenize(sql))
    return judge_tree(tree, sql)


def _kind(parser: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, bool]:
    """DuckDB's name of the statement's kind, and whether it is one with a PIVOT that DuckDB runs as several."""
    try:
        statements = parser.extract_statements(sql)
    except duckdb.Error as error:
        if (first := first_word(sql)) in ("PRAGMA", "IMPORT", "CALL", "USE"):
            raise refused(f"{first} statements") from error
        told = from_duckdb(error, sql)
        raise refused("This kind of statement") if told.code == "query_failed" else told from error
    if not statements:
        raise EngineError("query_syntax", "There is no statement to run.", details={"line": 1, "column": 1})
    if len(statements) == 1:
        return statements[0].type.name, False
    if _has_more(sql):
        raise EngineError("multiple_statements", "One statement at a time, please.")
    kinds = [statement.type.name for statement in statements if statement.type.name != "TRANSACTION"]
    made = any(statement.query for statement in statements)  # DuckDB gives the text only of what it did not make itself
    if made or kinds[-1] not in PIVOTING or any(kind != "CREATE" for kind in kinds[:-1]):
        raise refused("A statement that DuckDB runs as several", SEVERAL)
    return kinds[-1], True


def _has_more(sql: str) -> bool:
    tokens = tokenize(sql)
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    return any(token.text == ";" for token in tokens)


def _judge_explain(parser: duckdb.DuckDBPyConnection, sql: str) -> Judged:
    tokens = tokenize(sql)
    rest = 1
    if rest < len(tokens) and tokens[rest].word == "ANALYZE":
        rest += 1
    if rest < len(tokens) and tokens[rest].text == "(" and tokens[rest + 1].word in EXPLAIN_OPTIONS:
        end = closing(tokens, rest)
        _check_explain_format(tokens[rest:end])
        rest = end + 1
    start = tokens[rest].start if rest < len(tokens) else len(sql.encode())
    head, inner = sql.encode()[:start].decode(), sql.encode()[start:].decode()
    judged = judge(parser, blanked(head) + inner, "read")
    return Judged("EXPLAIN", sql, tables=judged.tables)


def _check_explain_format(options: list[Token]) -> None:
    for word, value in itertools.pairwise(options):
        if word.word == "FORMAT" and value.name.strip("'").upper() not in EXPLAIN_FORMATS:
            raise refused(f"EXPLAIN (FORMAT {value.name})", "Ask for text or json.")


def _judge_write(parser: duckdb.DuckDBPyConnection, sql: str, kind: str) -> Judged:
    tokens = tokenize(sql)
    shape = HEADS[kind](HeadReader(tokens))
    tables = judge_tokens(tokens)
    query = reads = None
    if shape.query_start is not None:
        query = sql.encode()[shape.query_start : shape.query_end].decode()
        reads = blanked(sql.encode()[: shape.query_start].decode()) + query
        tables = judge_select(parser, reads)
    return Judged(
        kind,
        sql,
        True,
        False,
        tables,
        target=shape.target,
        action=shape.action,
        query=query if kind == "CREATE" else None,
        reads=reads,
        options=frozenset(shape.options),
    )
