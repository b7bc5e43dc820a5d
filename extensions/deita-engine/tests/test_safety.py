"""The corpora through a real engine: nothing of the surroundings is reached, and what analysts write works."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import Draft, EngineError, Mode, QuerySpec
from deita_server.errors import STATUS

from .safety_corpus import CANARY, TABLES, Surroundings, friendly, sections

pytestmark = pytest.mark.asyncio(loop_scope="module")
MODES: tuple[Mode, ...] = ("read", "write")


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Surroundings:
    root = tmp_path_factory.mktemp("safety")
    surroundings = Surroundings(
        root / "around", root / "a storage"
    )  # a path with a space is harder to take out of a text
    surroundings.prepare()
    return surroundings


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(surroundings: Surroundings) -> AsyncIterator[Engine]:
    storage = surroundings.storage
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CANARY", CANARY)
        async for engine in running(storage):
            yield engine


async def running(storage: Path) -> AsyncIterator[Engine]:
    engine = Engine(EngineConfig(storage, storage / "people" / "me" / "spool", memory_bytes=2 * 1024**3, threads=2))
    for sql in TABLES:
        assert (await ended(engine, sql, "write")).state == "done"
    yield engine
    await engine.stop()


async def ended(engine: Engine, sql: str, mode: Any = "read") -> Run:
    run = await engine.run(QuerySpec(str(uuid.uuid4()), sql, "me", mode))
    assert await run.wait(60)
    return run


async def answer(engine: Engine, sql: str, mode: str) -> tuple[str, str]:
    """The code with which a statement ends (`done` if it ran) and everything that was said about it."""
    try:
        run = await ended(engine, sql, mode)
    except EngineError as error:
        return error.code, said(error)
    if run.error:
        return run.error.code, said(run.error)
    return "done", f"{run.columns} {run.result.path.read_bytes()!r} {run.first_page!r}"


def said(error: EngineError) -> str:
    return f"{error.message} {error.hint} {json.dumps(error.details)}"


def leaks(text: str, sql: str, storage: Path) -> bool:
    """Whether an answer says what nobody may know; what the statement itself said is no secret."""
    words = (CANARY, str(storage.parent), "/home/", "Traceback", "site-packages", "duckdb_extension", ".duckdb/")
    return any(word in text and word not in sql for word in words) or CANARY in text


@pytest.mark.parametrize("corpus", ["hostile.txt", "hostile_writes.txt"])
async def test_hostile_statements_reach_nothing_and_are_told_why(
    engine: Engine, surroundings: Surroundings, corpus: str
) -> None:
    before, restarts = surroundings.contents(), engine.status()["restarts"]
    wrong = []
    with surroundings.listening():
        for code, statement in sections(corpus):
            sql = surroundings.at(statement)
            for mode in MODES:
                expected = "write_mode_required" if corpus == "hostile_writes.txt" and mode == "read" else code
                expected = "multiple_statements" if code == "multiple_statements" else expected
                got, text = await answer(engine, sql, mode)
                told = (await engine.validate(Draft(sql, mode))).error
                if told is None or told.code != got:
                    wrong.append((mode, statement, got, f"is {told} when it is validated"))
                if got != expected or got not in STATUS or leaks(text, sql, surroundings.storage):
                    wrong.append((mode, statement, got, text))
    assert not wrong, "\n".join(map(str, wrong))
    assert surroundings.contents() == before
    assert engine.status()["restarts"] == restarts


async def test_friendly_statements_run_and_give_the_rows_that_they_should(engine: Engine) -> None:
    wrong = []
    for sql, expected in friendly():
        try:
            run = await ended(engine, sql)
        except EngineError as error:
            wrong.append((sql, error.code, error.message))
            continue
        rows = json.loads(run.first_page or b"null")
        if run.error or (expected is not None and rows != expected):
            wrong.append((sql, run.error and run.error.message, rows))
    assert not wrong, "\n".join(map(str, wrong))


async def test_a_view_that_hides_a_file_shows_nothing(engine: Engine, surroundings: Surroundings) -> None:
    await ended(engine, "create view hiding as select a from t", "write")
    catalog = surroundings.storage / "lake.sqlite"
    for source in ("{csv}", "{lake}", "{parquet}"):
        with contextlib.closing(sqlite3.connect(catalog, isolation_level=None)) as database:
            sql = surroundings.at(f"SELECT * FROM '{source}'")
            database.execute("update ducklake_view set sql = ? where view_name = 'hiding'", [sql])
        await ended(engine, "create or replace table u as select 1 as a", "write")  # a new snapshot
        code, text = await answer(engine, "from hiding", "read")
        assert code == "table_unreadable"
        assert not leaks(text, "", surroundings.storage)
    await ended(engine, "drop view hiding", "write")


FAILING = """
select cast('x' as int)
select cast('x' || range as int) from range(3)
select 1 / 0 :: decimal(1, 0), error('/etc/passwd is mine')
select error('no')
select 9223372036854775807 + 1
select 300::tinyint
select strptime('x', '%Y')
select regexp_matches('a', '(')
select list_extract('{', 1)::int[]
select json_extract('{', '$.a')
select '{'::json
select from_json('[]', '{"a": "NOPE"}')
select * from range(1, 10, 0)
select struct_extract({'a': 1}, 'b')
select [1, 2]::int[3]
select date '2025-13-01'
select (select id from people)::int where false or error('x') is null
select unnest(1)
select sum(name) from people
select nope from people
select people.nope from people
select * from people join sales using (nope)
select * from nope
select id from people group by name
select max(sum(id)) from people
select * from people union select 1
select $x
select repeat('x', 100) || id from people where nope(id)
from people limit -1
from people limit 'x'
select decode('\\xff'::blob)
select make_date(2025, 13, 1)
select interval 'x'
select '\\xZ'::blob
select quantile_cont(id, 2) from people
select printf('%d', 'x')
select id::struct(a int) from people
select ''::uuid
""".strip().splitlines()


async def test_what_fails_says_no_path_no_secret_and_no_stack(engine: Engine, surroundings: Surroundings) -> None:
    wrong = []
    for sql in FAILING:
        code, text = await answer(engine, sql, "read")
        if code not in STATUS or leaks(text, sql, surroundings.storage):
            wrong.append((sql, code, text))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("form", ["explain analyze", "explain (analyze, format json)"])
async def test_a_plan_tells_no_file_of_the_lake(engine: Engine, surroundings: Surroundings, form: str) -> None:
    joined = "select s.item, count(*) from sales s join prices using (item) join t on s.id = t.a group by 1"
    run = await ended(engine, f"{form} {joined}")
    ((_, plan),) = json.loads(run.first_page or b"")
    together = "".join(plan.replace("│", "").split())
    assert "READ_PARQUET" in plan
    assert not any(word in together for word in (".parquet", "Filename", "astorage"))
    if "json" in form:
        assert json.loads(plan)["children"]


@pytest.mark.parametrize("damage", ["cut", "gone"])
async def test_a_damaged_file_of_the_lake_takes_its_own_table_along_and_tells_no_path(
    engine: Engine, surroundings: Surroundings, damage: str
) -> None:
    await ended(engine, f"create table broken_{damage} as select range as a from range(10)", "write")
    (file,) = (surroundings.storage / "lake" / "main" / f"broken_{damage}").glob("*.parquet")
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:10])
    else:
        file.unlink()
    code, text = await answer(engine, f"select sum(a) from broken_{damage}", "read")
    assert (code, file.name in text) == ("table_unreadable", True)
    assert not leaks(text, "", surroundings.storage), text
    assert (await answer(engine, "select sum(a) from t", "read"))[0] == "done"
    await ended(engine, f"drop table broken_{damage}", "write")


async def test_the_corpora_are_large_enough() -> None:
    hostile = [*sections("hostile.txt"), *sections("hostile_writes.txt")]
    statements = friendly()
    assert len(hostile) >= 500
    assert len(statements) >= 200
    assert sum(rows is not None for _, rows in statements) >= len(statements) / 3
