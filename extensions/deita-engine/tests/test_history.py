from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import EngineError, RowsSpec

pytestmark = pytest.mark.backends

Query = Callable[..., Awaitable[Run]]
Load = Callable[..., Awaitable[Run]]


async def rows(query: Query, sql: str, **options: Any) -> list[list[object]]:
    run = await query(sql, **options)
    assert run.state == "done", run.error
    return list(json.loads(run.first_page or b""))


async def snapshots(engine: Engine, table: str) -> dict[int, int]:
    """The snapshot of each version."""
    return {commit.version: commit.snapshot for commit in await engine.commits() if commit.table == table}


async def changed_table(query: Query, engine: Engine) -> dict[int, int]:
    await query("create table t as select range as a, 'x' || range as b from range(5)", mode="write")
    await query("insert into t values (7, 'y'), (8, 'z')", mode="write")
    await query("update t set b = 'new' where a = 1", mode="write")
    await query("delete from t where a = 2", mode="write")
    await query("alter table t rename column b to label", mode="write")
    await query("create or replace table t as select 'other' as c", mode="write")
    return await snapshots(engine, "t")


FOURTH = [[0, "x0"], [1, "new"], [3, "x3"], [4, "x4"], [7, "y"], [8, "z"]]


async def test_each_version_can_be_read_beside_the_newest(engine: Engine, query: Query) -> None:
    at = await changed_table(query, engine)
    assert await rows(query, "from t") == [["other"]]
    assert await rows(query, "from t order by a", pins=(("t", at[1]),)) == [[n, f"x{n}"] for n in range(5)]
    assert await rows(query, "from t order by a", pins=(("t", at[4]),)) == FOURTH
    page = await engine.table_rows(RowsSpec("t", order=(("a", True),), limit=1, version=at[5]))
    assert ([column.name for column in page.columns], page.row_count) == (["a", "label"], 6)
    assert json.loads(page.rows_json) == [[8, "z"]]
    assert await rows(query, "select sum(a) from t", pins=(("t", at[3]),)) == [[25]]
    assert (await engine.table_at(at[3])).rows == 7
    old = await engine.table_at(at[2])
    assert (old.name, old.version, old.rows, [column.name for column in old.columns]) == ("t", 2, 7, ["a", "b"])


async def test_versions_of_two_tables_are_read_together_and_views_follow(engine: Engine, query: Query) -> None:
    for name in ("t", "u"):
        await query(f"create table {name} as select 1 as a", mode="write")
        await query(f"insert into {name} values (2)", mode="write")
    await query("create view pairs as select t.a as t, u.a as u from t, u", mode="write")
    of_t, of_u = await snapshots(engine, "t"), await snapshots(engine, "u")
    pins = (("t", of_t[1]), ("u", of_u[2]))
    assert await rows(query, "from pairs order by all", pins=pins) == [[1, 1], [1, 2]]
    assert await rows(query, "select count(*) from pairs", pins=(("t", of_t[1]), ("u", of_u[1]))) == [[1]]
    assert await rows(query, "select count(*) from pairs") == [[4]]


async def test_the_lake_is_read_as_it_stood(engine: Engine, query: Query) -> None:
    at = await changed_table(query, engine)
    commits = {commit.version: commit for commit in await engine.commits()}
    time = commits[2].created_at.replace("T", " ").removesuffix("Z")
    assert await engine.snapshot_at(time) == at[2]
    assert await engine.snapshot_at("2001-01-01 00:00:00.000000") == 0
    assert await rows(query, "select count(*) from t", snapshot=at[2]) == [[7]]
    with pytest.raises(EngineError) as caught:
        await query("from t", snapshot=0)
    assert caught.value.code == "table_not_found"


async def test_a_past_that_is_not_kept_is_told(engine: Engine, query: Query) -> None:
    await query("create table t as select 1 as a", mode="write")
    for options in ({"snapshot": 999}, {"pins": (("t", 999),)}):
        with pytest.raises(EngineError) as caught:
            await query("from t", **options)
        assert caught.value.code == "version_expired"


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
async def test_every_version_comes_back_and_can_be_written_to(engine: Engine, query: Query, version: int) -> None:
    at = await changed_table(query, engine)
    before = await rows(query, "from t order by all", pins=(("t", at[version]),))
    commit = await engine.restore_table("t", at[version], "ana")
    assert commit
    assert (commit.version, commit.operation, commit.restored_version) == (7, "restore", version)
    assert (commit.author, commit.rows, commit.table) == ("ana", len(before), "t")
    assert await rows(query, "from t order by all") == before
    assert (await query("delete from t where a = 0", mode="write")).first_page == b"[[1]]"
    assert (await query("update t set a = 100 where a = 1", mode="write")).first_page == b"[[1]]"
    assert await rows(query, "select min(a), max(a) from t") == [[2 if version < 4 else 3, 100]]
    assert await rows(query, "from t order by all", pins=(("t", at[version]),)) == before


async def test_defaults_and_not_null_come_back_with_their_version(engine: Engine, query: Query) -> None:
    made = """create table t (a int not null, b varchar default 'it''s', c date default date '2024-01-01',
              d double default 1.5, e int default 3, f boolean default true)"""
    await query(made, mode="write")
    await query("alter table t alter e set default 4", mode="write")
    at = await snapshots(engine, "t")
    await query("create or replace table t as select 1 as a", mode="write")
    for version, default in ((1, 3), (2, 4), (1, 3)):
        await engine.restore_table("t", at[version], "me")
        await query("insert into t (a) values (1)", mode="write")
        assert await rows(query, "from t") == [[1, "it's", "2024-01-01", 1.5, default, True]]
        assert (await query("insert into t (b) values ('x')", mode="write")).state == "failed"


async def test_restoring_an_import_copies_nothing_and_keeps_its_source(
    engine: Engine, query: Query, load: Load, config: EngineConfig, tmp_path: Path
) -> None:
    file = tmp_path / "sales.csv"
    file.write_text("Item Name,qty\nnut,1\nbolt,2\n")
    first = await load(file, "sales")
    await query("delete from sales", mode="write")
    assert first.commit
    commit = await engine.restore_table("sales", first.commit.snapshot, "me")
    assert commit
    assert (commit.source, commit.labels) == (first.commit.source, first.commit.labels)
    files = list((config.storage / "lake").rglob("*.parquet"))
    assert len(files) > len({path.stat().st_ino for path in files}) == 1
    assert await rows(query, "from sales") == [["nut", 1], ["bolt", 2]]


async def test_a_dropped_table_comes_back_even_under_a_name_in_other_letters(engine: Engine, query: Query) -> None:
    await query("create table t as select 1 as a", mode="write")
    dropped = await engine.drop_table("t", "me")
    with pytest.raises(EngineError) as caught:
        await engine.restore_table("t", dropped.snapshot, "me")
    assert caught.value.code == "version_not_found"
    at = await snapshots(engine, "t")
    commit = await engine.restore_table("t", at[1], "me")
    assert commit
    assert commit.version == 3
    assert await rows(query, "from t") == [[1]]
    await engine.drop_table("t", "me")
    again = await query("create table T as select 2 as a", mode="write")
    assert again.commit
    assert again.commit.version == 5


async def test_a_view_comes_back(engine: Engine, query: Query) -> None:
    await query("create table t as select range as a from range(5)", mode="write")
    await query("create view v as select max(a) as m from lake.main.t", mode="write")
    await query("create or replace view v as select min(a) as m from t", mode="write")
    at = await snapshots(engine, "v")
    commit = await engine.restore_table("v", at[1], "me")
    assert commit
    assert await rows(query, "from v") == [[4]]
    assert await rows(query, "from v", pins=(("v", at[2]),)) == [[0]]
