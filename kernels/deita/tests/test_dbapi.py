"""The PEP 249 driver, by the standard's own words, against a real data plane."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal

import deita
import pytest
from deita import dbapi
from deita.dbapi.parameters import bind


@pytest.fixture
def connection(near: deita.Workspace) -> Iterator[dbapi.Connection]:
    with dbapi.Connection(near) as connection:
        yield connection


@pytest.fixture
def cursor(connection: dbapi.Connection) -> dbapi.Cursor:
    return connection.cursor()


def test_the_module_says_what_the_standard_asks_for() -> None:
    assert (dbapi.apilevel, dbapi.threadsafety, dbapi.paramstyle) == ("2.0", 2, "named")
    assert issubclass(dbapi.ProgrammingError, dbapi.DatabaseError) and issubclass(dbapi.DatabaseError, dbapi.Error)
    assert issubclass(dbapi.InterfaceError, dbapi.Error) and issubclass(dbapi.Warning, Exception)


def test_a_select_has_a_description_a_rowcount_and_rows(cursor: dbapi.Cursor) -> None:
    cursor.execute("SELECT range AS i, 'x' AS s, DATE '2013-01-01' AS d, 1.5::DECIMAL(3, 1) AS n FROM range(5)")
    assert cursor.description is not None
    assert [column[0] for column in cursor.description] == ["i", "s", "d", "n"]
    kinds = [dbapi.NUMBER, dbapi.STRING, dbapi.DATETIME, dbapi.NUMBER]
    assert all(column[1] == kind for column, kind in zip(cursor.description, kinds, strict=True))
    assert cursor.rowcount == 5
    assert cursor.fetchone() == (0, "x", datetime.date(2013, 1, 1), Decimal("1.5"))
    assert [row[0] for row in cursor.fetchmany()] == [1]
    assert [row[0] for row in cursor.fetchmany(2)] == [2, 3]
    assert [row[0] for row in cursor.fetchall()] == [4]
    assert cursor.fetchone() is None and cursor.fetchall() == []


def test_a_long_result_is_paged_through(cursor: dbapi.Cursor) -> None:
    cursor.execute("SELECT range FROM range(25000)")
    cursor.arraysize = 7000
    seen = []
    while rows := cursor.fetchmany():
        seen += [row[0] for row in rows]
    assert seen == list(range(25_000))


def test_writing_needs_no_mode_and_counts_its_rows(cursor: dbapi.Cursor, near: deita.Workspace) -> None:
    cursor.execute("CREATE TABLE driven (a INTEGER, b VARCHAR)")
    cursor.executemany("INSERT INTO driven VALUES (:a, :b)", [{"a": 1, "b": "x"}, {"a": 2, "b": "it's :a"}])
    assert cursor.rowcount == 2
    cursor.execute("UPDATE driven SET a = a + 1")
    assert cursor.rowcount == 2
    assert cursor.execute("SELECT * FROM driven ORDER BY a").fetchall() == [(2, "x"), (3, "it's :a")]


def test_nothing_written_can_be_rolled_back(connection: dbapi.Connection) -> None:
    connection.rollback()
    connection.cursor().execute("CREATE TABLE kept AS SELECT 1 AS a")
    with pytest.raises(dbapi.NotSupportedError):
        connection.rollback()
    connection.commit()
    connection.rollback()


def test_errors_are_the_standards_and_show_the_place(cursor: dbapi.Cursor) -> None:
    with pytest.raises(dbapi.ProgrammingError, match=r"line 1: SELEC 1\n +\^") as caught:
        cursor.execute("SELEC 1")
    assert caught.value.code == "query_syntax"
    with pytest.raises(dbapi.ProgrammingError):
        cursor.execute("SELECT * FROM nowhere")
    with pytest.raises(dbapi.DataError):
        cursor.execute("SELECT CAST(s AS INTEGER) FROM (SELECT 'x' || range AS s FROM range(3))")
    with pytest.raises(dbapi.InterfaceError):
        cursor.fetchall()


def test_what_is_closed_stays_closed(connection: dbapi.Connection) -> None:
    cursor = connection.cursor()
    cursor.close()
    with pytest.raises(dbapi.InterfaceError):
        cursor.execute("SELECT 1")
    open_cursor = connection.cursor()
    connection.close()
    for use in (connection.cursor, connection.commit, lambda: open_cursor.execute("SELECT 1")):
        with pytest.raises(dbapi.InterfaceError):
            use()


def test_no_server_is_an_operational_error() -> None:
    with pytest.raises(dbapi.OperationalError):
        dbapi.Connection(deita.Workspace("http://127.0.0.1:9", "t")).cursor().execute("SELECT 1")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT :a", "SELECT $a"),
        ("SELECT x::a, ':a', \":a\", $$:a$$ -- :a", "SELECT x::a, ':a', \":a\", $$:a$$ -- :a"),
        ("SELECT l[1:a], {'k':a}, :other", "SELECT l[1:a], {'k':a}, :other"),
        ("SELECT $a, f(:a)", "SELECT $a, f($a)"),
    ],
)
def test_only_named_parameters_are_replaced(sql: str, expected: str) -> None:
    assert bind(sql, {"a": 1})[0] == expected


def test_parameters_that_the_statement_does_not_use_stay_here() -> None:
    assert bind("SELECT :a", {"a": 1, "secret": object()}) == ("SELECT $a", {"a": 1})
