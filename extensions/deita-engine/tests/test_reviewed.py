"""Whatever the engine knows was looked at by somebody: an upgrade of DuckDB cannot open a hole unseen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from deita_engine.guard import judge
from deita_engine.reviewed import FUNCTIONS, TABLE_FUNCTIONS, read_sections, reason_of
from deita_engine.settings import load_extension, lock, open_instance
from deita_engine.shapes import EngineError
from deita_engine.token_guard import CALLABLE

REVIEWED = read_sections(Path(__file__).with_name("corpora").joinpath("settings.txt").read_text())
EVERYWHERE = ("scalar", "aggregate", "macro")
AFTER_FROM = ("table", "table_macro")


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("reviewed")
    connection = open_instance(folder, 512 * 1024**2, 1)
    for extension in ("sqlite_scanner", "ducklake"):
        load_extension(connection, extension)
    lock(connection, [folder])
    yield connection
    connection.close()


def functions(instance: duckdb.DuckDBPyConnection, *kinds: str) -> set[str]:
    rows = instance.execute(
        "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type IN (SELECT unnest($1))",
        [list(kinds)],
    ).fetchall()
    return {name for (name,) in rows}


def test_every_function_is_allowed_or_denied(instance: duckdb.DuckDBPyConnection) -> None:
    unknown = {name for name in functions(instance, *EVERYWHERE) - FUNCTIONS if not reason_of(name)}
    unknown |= {name for name in functions(instance, *AFTER_FROM) - TABLE_FUNCTIONS if not reason_of(name)}
    assert unknown == set(), "look at these and put each into functions.txt"


def test_nothing_is_allowed_that_the_engine_does_not_know(instance: duckdb.DuckDBPyConnection) -> None:
    assert FUNCTIONS - functions(instance, *EVERYWHERE) == {"unnest"}
    assert TABLE_FUNCTIONS - functions(instance, *AFTER_FROM) == set()


def test_nothing_is_allowed_and_denied_at_once() -> None:
    # `range` makes a list and a table; the same goes for what else has both
    assert {name for name in FUNCTIONS if reason_of(name)} == {"histogram"}
    assert {name for name in TABLE_FUNCTIONS if reason_of(name)} == set()


def test_no_word_that_is_taken_for_a_type_is_a_function_that_is_shut(instance: duckdb.DuckDBPyConnection) -> None:
    known = functions(instance, *EVERYWHERE, *AFTER_FROM)
    assert (CALLABLE & known) - FUNCTIONS - TABLE_FUNCTIONS == set()


def test_every_setting_is_reviewed_and_locked(instance: duckdb.DuckDBPyConnection) -> None:
    settings = dict(instance.execute("SELECT name, value FROM duckdb_settings()").fetchall())
    assert set(settings) == {*REVIEWED["locked"], *REVIEWED["of a cursor"]}, "look at these and put each into the list"
    open_ones = {name for name, value in settings.items() if can_be_set(instance, name, value or "")}
    assert open_ones <= set(REVIEWED["of a cursor"])


def can_be_set(instance: duckdb.DuckDBPyConnection, name: str, value: str) -> bool:
    """Whether the locked instance takes a value for a setting, or takes it back."""
    taken = False
    for statement in (f"SET {name} = $1", f"SET GLOBAL {name} = $1", f"SET SESSION {name} = $1", f"RESET {name}"):
        cursor = instance.cursor()
        try:
            cursor.execute(statement, [value] if "$1" in statement else None)
        except duckdb.Error:
            continue
        else:
            taken = True
        finally:
            cursor.close()
    return taken


@pytest.mark.parametrize("mode", ["read", "write"])
def test_the_guard_lets_no_setting_through(instance: duckdb.DuckDBPyConnection, mode: str) -> None:
    names = [name for (name,) in instance.execute("SELECT name FROM duckdb_settings()").fetchall()]
    passed = []
    for name in names:
        for sql in (f"SET {name} = 1", f"SET GLOBAL {name} = 1", f"RESET {name}", f"PRAGMA {name} = 1"):
            try:
                judge(instance, sql, mode)  # type: ignore[arg-type]
            except EngineError as error:
                assert error.code == "not_allowed", sql
            else:
                passed.append(sql)
    assert passed == []


@pytest.mark.parametrize("mode", ["read", "write"])
def test_every_pragma_is_reviewed_and_refused(instance: duckdb.DuckDBPyConnection, mode: str) -> None:
    pragmas = functions(instance, "pragma")
    assert pragmas == set(REVIEWED["pragmas"]), "look at these and put each into the list"
    for name in pragmas:
        for sql in (f"PRAGMA {name}", f"PRAGMA {name}('x')", f"CALL {name}()", f"FROM pragma_{name}()"):
            with pytest.raises(EngineError) as caught:
                judge(instance, sql, mode)  # type: ignore[arg-type]
            assert caught.value.code in ("not_allowed", "query_syntax"), sql
