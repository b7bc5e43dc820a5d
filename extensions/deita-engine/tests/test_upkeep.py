from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from deita_engine import client
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import EngineError, UpkeepSpec

pytestmark = pytest.mark.backends

Query = Callable[..., Awaitable[Run]]
EVERYTHING = "9999-01-01 00:00:00+00"


async def rows(query: Query, sql: str, **options: Any) -> list[list[object]]:
    run = await query(sql, **options)
    assert run.state == "done", run.error
    return list(json.loads(run.first_page or b""))


async def snapshots(engine: Engine, table: str) -> dict[int, int]:
    return {commit.version: commit.snapshot for commit in await engine.commits() if commit.table == table}


def spec(*kept: int, **options: Any) -> UpkeepSpec:
    return UpkeepSpec(kept=kept, known=2**40, before=EVERYTHING, **{"grace_s": 0.0, **options})


def files(config: EngineConfig) -> list[Path]:
    return list((config.storage / "lake").rglob("*.parquet"))


async def worn_table(query: Query, name: str, inserts: int) -> None:
    await query(f"create table {name} as select range as a, 'x' || range as b from range(3)", mode="write")
    for number in range(inserts):
        await query(f"insert into {name} values ({100 + number}, 'y')", mode="write")
    await query(f"delete from {name} where a % 5 = 0", mode="write")
    await query(f"update {name} set b = 'z' where a % 7 = 0", mode="write")


async def test_many_small_writes_become_one_file_with_the_same_rows(
    engine: Engine, query: Query, config: EngineConfig
) -> None:
    await worn_table(query, "t", 10)
    at = await snapshots(engine, "t")
    newest, older = max(at), 5
    before = await rows(query, "from t order by all")
    old = await rows(query, "from t order by all", pins=(("t", at[older]),))
    size = sum(path.stat().st_size for path in files(config))
    did = await engine.upkeep(spec(at[older]))
    assert (did["tables"], did["files_after"], did["left"]) == (1, 1, 0)
    assert await rows(query, "from t order by all") == before
    assert await rows(query, "from t order by all", pins=(("t", at[newest]),)) == before
    assert await rows(query, "from t order by all", snapshot=at[newest]) == before
    assert await rows(query, "from t order by all", pins=(("t", at[older]),)) == old
    assert len(files(config)) == older + 1  # what the kept version needs, and the new file
    assert sum(path.stat().st_size for path in files(config)) < size / 2
    with pytest.raises(EngineError) as caught:
        await query("from t order by all", pins=(("t", at[3]),))
    assert caught.value.code == "version_expired"
    await query("insert into t values (1000, 'last')", mode="write")
    assert max(await snapshots(engine, "t")) == newest + 1
    assert await rows(query, "from t order by all") == [*before, [1000, "last"]]
    assert (await engine.upkeep(spec(at[older])))["tables"] == 0


async def test_a_restored_version_outlives_the_one_that_it_came_from(engine: Engine, query: Query) -> None:
    await query("create table t as select range as a from range(5)", mode="write")
    await query("create or replace table t as select 'other' as b", mode="write")
    first = (await snapshots(engine, "t"))[1]
    await engine.restore_table("t", first, "me")
    did = await engine.upkeep(spec())
    assert did["snapshots"] >= 2
    assert did["files"] >= 2
    assert await rows(query, "select count(*), sum(a) from t") == [[5, 10]]


async def test_a_cached_look_back_does_not_miss_the_files_that_went(engine: Engine, query: Query) -> None:
    await worn_table(query, "t", 10)
    at = max((await snapshots(engine, "t")).values())
    before = await rows(query, "from t order by all", snapshot=at)
    await engine.upkeep(spec())
    await engine.upkeep(spec())
    assert await rows(query, "from t order by all", snapshot=at) == before


async def test_a_moment_whose_snapshot_may_be_gone_is_told(engine: Engine, query: Query) -> None:
    await worn_table(query, "t", 3)
    commits = await engine.commits()
    moment = commits[1].created_at.replace("T", " ").removesuffix("Z")
    assert await engine.snapshot_at(moment) == commits[1].snapshot
    await engine.upkeep(spec())
    with pytest.raises(EngineError) as caught:
        await engine.snapshot_at(moment)
    assert caught.value.code == "version_expired"


async def test_only_old_orphans_are_deleted(engine: Engine, query: Query, config: EngineConfig) -> None:
    await query("create table t as select 1 as a", mode="write")
    young = files(config)[0].with_name("deita-young.parquet")
    young.write_bytes(b"on its way into the lake")
    os.utime(young, (0, 0))  # as a link to an old file looks
    assert (await engine.upkeep(spec()))["orphans"] == 0
    assert young.exists()
    assert (await engine.upkeep(spec(orphan_s=0.0)))["orphans"] == 1
    assert not young.exists()


async def test_upkeep_runs_once_at_a_time_and_beside_writes(engine: Engine, query: Query) -> None:
    await worn_table(query, "t", 10)

    async def write() -> None:
        for number in range(10):
            run = await query(f"insert into t values ({5000 + number}, 'w')", mode="write")
            assert run.state == "done", run.error

    first, second, _ = await asyncio.gather(
        engine.upkeep(spec()), engine.upkeep(spec()), write(), return_exceptions=True
    )
    told = [outcome for outcome in (first, second) if isinstance(outcome, BaseException)]
    assert all(isinstance(outcome, EngineError) and outcome.code == "workspace_busy" for outcome in told)
    assert await rows(query, "select count(*) from t where b = 'w'") == [[10]]


async def test_kill_9_of_upkeep_at_any_moment_loses_nothing(
    engine: Engine, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers: list[client.Worker] = []

    class Watched(client.Worker):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            workers.append(self)

    monkeypatch.setattr(client, "Worker", Watched)
    await worn_table(query, "t", 8)
    await worn_table(query, "u", 8)
    at = await snapshots(engine, "t")
    kept = {
        version: await rows(query, "from t order by all", pins=(("t", at[version]),)) for version in (2, 5, max(at))
    }
    now = {name: await rows(query, f"from {name} order by all") for name in ("t", "u")}
    for round_ in range(5):
        task = asyncio.create_task(engine.upkeep(spec(*(at[version] for version in kept))))
        async with asyncio.timeout(30):
            while not workers or workers[-1].child is None:
                await asyncio.sleep(0.005)
        child = workers.pop().child
        assert child
        killer = asyncio.get_running_loop().call_later(0.05 + 0.15 * round_, os.kill, child.process.pid, signal.SIGKILL)
        try:
            await task
        except EngineError as error:
            assert error.code == "engine_lost"
        killer.cancel()
        for name, found in now.items():
            assert await rows(query, f"from {name} order by all") == found
        for version, found in kept.items():
            assert await rows(query, "from t order by all", pins=(("t", at[version]),)) == found
    did = await engine.upkeep(spec())
    assert did["left"] == 0
    assert {name: await rows(query, f"from {name} order by all") for name in now} == now
