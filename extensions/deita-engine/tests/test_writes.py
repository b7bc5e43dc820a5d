from __future__ import annotations

import asyncio
import fcntl
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import EngineError, QuerySpec

pytestmark = pytest.mark.backends

Query = Callable[..., Awaitable[Run]]


async def rows(query: Query, sql: str) -> list[list[object]]:
    run = await query(sql)
    assert run.state == "done", run.error
    return list(json.loads(run.first_page or b""))


async def test_every_write_is_a_version_with_its_receipt(engine: Engine, query: Query) -> None:
    created = await query("create table t as select range as a, 'x' || range as b from range(10)", mode="write")
    assert created.commit
    assert (created.commit.version, created.commit.operation, created.commit.rows) == (1, "create", 10)
    assert created.first_page == b"[[10]]"
    inserted = await query("insert into t values ($a, 'new')", params={"a": 99}, mode="write")
    assert inserted.commit
    assert (inserted.commit.version, inserted.commit.rows, inserted.first_page) == (2, 11, b"[[1]]")
    receipt = inserted.commit.source.receipt
    assert receipt
    assert (receipt["sql"], receipt["params"]) == ("insert into t values ($a, 'new')", {"a": 99})
    assert (await query("update t set b = 'y' where a < 3", mode="write")).first_page == b"[[3]]"
    assert (await query("delete from t where a = 99", mode="write")).first_page == b"[[1]]"
    merge = "merge into t using (select 1 as a, 'm' as b) s on t.a = s.a when matched then update set b = s.b"
    assert (await query(merge, mode="write")).first_page == b"[[1]]"
    assert await rows(query, "select a, b from t where a < 4 order by a") == [[0, "y"], [1, "m"], [2, "y"], [3, "x3"]]
    commits = await engine.commits()
    assert [(c.version, c.author, c.query_id is not None) for c in commits] == [(n, "me", True) for n in range(1, 6)]
    (table,) = await engine.tables()
    assert (table.name, table.rows, table.version, table.created_by) == ("t", 10, 5, "me")
    assert [(c.name, c.type) for c in table.columns] == [("a", "BIGINT"), ("b", "VARCHAR")]


@pytest.mark.parametrize(
    "sql",
    [
        "create table wide as pivot t on k using sum(a)",
        "create table wide as (pivot main.t on k using sum(a))",
        "create or replace table wide as select * from (pivot t on k using sum(a))",
    ],
)
async def test_a_table_is_made_of_a_pivot_whose_values_are_in_the_data(query: Query, sql: str) -> None:
    await query("create table t as select 1::hugeint as a, 'x' as k union all select 2, 'y'", mode="write")
    run = await query(sql, mode="write")
    assert run.commit and run.wrote, run.error
    assert (run.commit.rows, run.wrote["inserted"], run.first_page) == (1, 1, b"[[1]]")
    assert [table["name"] for table in (run.commit.source.receipt or {})["tables"]] == ["t"]
    assert await rows(query, "from wide") == [[1, 2]]


async def test_a_pivot_that_fails_leaves_its_connection_usable(query: Query) -> None:
    await query("create table t as select 'x' as a, 'k' as k", mode="write")
    for _ in range(6):  # more often than there are connections
        run = await query("create table wide as pivot t on k using sum(a::integer)", mode="write")
        assert run.error and run.error.code == "query_failed"
    assert await rows(query, "select count(*) from t") == [[1]]


async def test_tables_named_in_full_are_read_and_written(query: Query) -> None:
    await query("create table main.t as select 1 as a", mode="write")
    await query("create view main.v as select main.t.a from main.t", mode="write")
    await query("insert into lake.main.t select a + 1 from main.t", mode="write")
    await query("create table made as select max(main.v.a) as m from main.v", mode="write")
    assert await rows(query, "select m, (select count(*) from main.v) from main.made") == [[2, 2]]


async def test_a_write_that_changes_nothing_is_no_version(query: Query) -> None:
    await query("create table t as select 1 as a", mode="write")
    run = await query("delete from t where a = 7", mode="write")
    assert (run.state, run.commit, run.first_page) == ("done", None, b"[[0]]")


async def test_after_columns_change_the_reader_sees_them_in_old_rows_too(query: Query) -> None:
    await query("create table t as select range as a, 'x' as b from range(5)", mode="write")
    await query("insert into t values (7, 'y')", mode="write")
    await query("delete from t where a = 2", mode="write")
    await query("alter table t add column c int default 3", mode="write")
    await query("alter table t rename column b to label", mode="write")
    run = await query("alter table t drop column a", mode="write")
    assert run.commit
    assert run.commit.version == 6
    assert await rows(query, "select * from t order by all") == [["x", 3]] * 4 + [["y", 3]]
    await query("update t set c = 4 where label = 'y'", mode="write")
    await query("insert into t (label) values ('z')", mode="write")
    assert await rows(query, "select label, c from t where label > 'x' order by 1") == [["y", 4], ["z", 3]]


async def test_views_see_the_tables_and_each_other(query: Query, engine: Engine) -> None:
    await query("create table t as select range as a from range(5)", mode="write")
    await query("create view big as select * from lake.main.t where a > 2", mode="write")
    await query("create view biggest as select max(a) as m from big", mode="write")
    assert await rows(query, "from biggest") == [[4]]
    assert [(t.name, t.kind) for t in await engine.tables()] == [("big", "view"), ("biggest", "view"), ("t", "table")]
    await query("drop table t", mode="write")
    with pytest.raises(EngineError) as caught:
        await query("from big")
    assert caught.value.code == "table_unreadable"
    await query("drop view big", mode="write")


async def test_a_table_is_renamed_and_dropped(engine: Engine, query: Query) -> None:
    await query("create table t as select 1 as a", mode="write")
    commit = await engine.rename_table("t", "s", "me")
    assert (commit.table, commit.previous_name, commit.version, commit.operation) == ("s", "t", 2, "rename")
    with pytest.raises(EngineError) as caught:
        await engine.drop_table("t", "me")
    assert caught.value.code == "table_not_found"
    assert (await engine.drop_table("s", "me", "no longer needed")).message == "no longer needed"
    assert await engine.tables() == []
    again = await query("create table s as select 2 as a", mode="write")
    assert again.commit
    assert again.commit.version == 4


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("insert into nope values (1)", "table_not_found"),
        ("create table u as select * from nope", "table_not_found"),
        ("create table t (a int)", "table_exists"),
        ("create table T as select 1 as a", "table_exists"),
        ("insert into t values (1, 2, 3)", "query_binding"),
        ("update t set nope = 1", "query_binding"),
        ("insert into t selec 1", "query_syntax"),
        ("alter table t alter column a type varchar", "not_allowed"),
        ("insert into t values (1) returning a", "query_binding"),
    ],
)
async def test_a_write_that_cannot_be_bound_is_refused(query: Query, sql: str, code: str) -> None:
    await query("create table t as select 1 as a", mode="write")
    with pytest.raises(EngineError) as caught:
        await query(sql, mode="write")
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("sql", "way"),
    [
        ("insert into t values (1) returning a", "SELECT"),
        ("update t set a = 2 returning a", "SELECT"),
        ("delete from t returning a", "SELECT"),
        ("insert into t values (1) on conflict do nothing", "MERGE INTO"),
        ("insert or replace into t values (1)", "MERGE INTO"),
    ],
)
async def test_what_the_lake_cannot_do_is_refused_with_another_way(query: Query, sql: str, way: str) -> None:
    await query("create table t as select 1 as a", mode="write")
    with pytest.raises(EngineError) as caught:
        await query(sql, mode="write")
    assert caught.value.hint
    assert way in caught.value.hint
    assert await rows(query, "from t") == [[1]]


async def test_a_write_that_fails_leaves_nothing(engine: Engine, query: Query, config: EngineConfig) -> None:
    await query("create table t as select 1 as a", mode="write")
    before = sorted((config.storage / "lake").rglob("*.parquet"))
    run = await query("insert into t select cast('x' || range as int) from range(10)", mode="write")
    assert run.state == "failed"
    run = await query("create table u as select cast('x' || range as int) as a from range(10)", mode="write")
    assert run.state == "failed"
    assert [t.name for t in await engine.tables()] == ["t"]
    assert await rows(query, "from t") == [[1]]
    assert set(before) <= set((config.storage / "lake").rglob("*.parquet"))


async def test_types_that_a_lake_cannot_hold_are_cast(query: Query) -> None:
    sql = """create table t as select 'a'::enum('a', 'b') as e, array_value(1, 2) as f, '101'::bit as b, null as n,
             union_value(k := 1) as u, {'x': 'b'::enum('b')} as s"""
    assert (await query(sql, mode="write")).state == "done"
    assert await rows(query, "select e, f, b, n from t") == [["a", [1, 2], "101", None]]


async def test_waiting_ten_seconds_for_the_lock_is_workspace_busy(config: EngineConfig) -> None:
    engine = Engine(replace(config, busy_timeout_s=0.3))
    await (await engine.run(QuerySpec(str(uuid.uuid4()), "create table t as select 1 as a", "me", mode="write"))).wait()
    with (config.storage / "write.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(EngineError) as caught:
            await engine.run(QuerySpec(str(uuid.uuid4()), "insert into t values (2)", "me", mode="write"))
        assert caught.value.code == "workspace_busy"
        assert (await engine.tables())[0].rows == 1
    await engine.stop()


async def test_a_running_query_keeps_its_tables(engine: Engine, query: Query) -> None:
    await query("create table t as select range as a from range(3000)", mode="write")
    slow = "select count(*) from t a, t b, t c where a.a + b.a + c.a = 1"
    run = await engine.run(QuerySpec(str(uuid.uuid4()), slow, "me"))
    for number in range(3):
        await query(f"insert into t values ({number})", mode="write")
    await query("drop table t", mode="write")
    assert not run.is_over or run.state == "done"
    await run.cancel()


async def test_many_snapshots_do_not_pile_up(engine: Engine, query: Query) -> None:
    await query("create table t as select 0 as a", mode="write")
    for number in range(12):
        await query(f"insert into t values ({number})", mode="write")
        assert await rows(query, "select count(*) from t") == [[number + 2]]


async def test_a_write_is_cancelled_and_leaves_nothing(engine: Engine, query: Query) -> None:
    await query("create table t as select 1 as a", mode="write")
    sql = "insert into t select 1 from range(10000000) a, range(10000000) b where a.range + b.range = -1"
    run = await engine.run(QuerySpec(str(uuid.uuid4()), sql, "me", mode="write"))
    await asyncio.wait_for(run.cancel(), 5)
    assert run.state == "cancelled"
    assert await rows(query, "from t") == [[1]]
    assert (await query("insert into t values (2)", mode="write")).state == "done"


async def test_the_workspace_moves_with_its_folder(config: EngineConfig, tmp_path: Path) -> None:
    engine = Engine(config)
    run = await engine.run(QuerySpec("a", "create table t as select 1 as a", "me", mode="write"))
    await run.wait()
    await (await engine.run(QuerySpec("b", "insert into t values (2)", "me", mode="write"))).wait()
    await engine.stop()
    moved = tmp_path / "moved"
    config.storage.rename(moved)
    engine = Engine(replace(config, storage=moved, spool=moved / "spool"))
    run = await engine.run(QuerySpec("c", "insert into t values (3)", "me", mode="write"))
    await run.wait()
    run = await engine.run(QuerySpec("d", "select sum(a) from t", "me"))
    await run.wait()
    assert json.loads(run.first_page or b"") == [[6]]
    await engine.stop()
