from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from deita_engine.access import Access
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import EngineError

pytestmark = pytest.mark.backends

Finished = Callable[..., Awaitable[Run]]

WRITES_EACH = 50


async def test_two_engines_write_one_workspace_a_hundred_of_a_hundred(
    config: EngineConfig, access: Access, finished: Finished
) -> None:
    patient = replace(config, busy_timeout_s=60)
    other = replace(patient, spool=config.storage / "people" / "you" / "spool")
    engines = [Engine(patient, access), Engine(other, access)]
    await finished(engines[0], "create table ledger (who int, n int)", mode="write")
    acknowledged: list[tuple[int, int]] = []
    latencies: list[float] = []

    async def write(who: int) -> None:
        for number in range(WRITES_EACH):
            started = time.perf_counter()
            run = await finished(engines[who], f"insert into ledger values ({who}, {number})", mode="write")
            assert run.state == "done", run.error
            latencies.append(time.perf_counter() - started)
            acknowledged.append((who, number))

    async def read() -> None:
        while len(acknowledged) < 2 * WRITES_EACH:
            run = await finished(engines[0], "select count(*) from ledger")
            assert run.state == "done", run.error

    await asyncio.gather(write(0), write(1), read())
    run = await finished(engines[1], "select who, n from ledger order by all")
    assert [tuple(row) for row in json.loads(run.first_page or b"")] == sorted(acknowledged)
    versions = [commit.version for commit in await engines[0].commits() if commit.table == "ledger"]
    assert versions == list(range(1, 2 * WRITES_EACH + 2))
    latencies.sort()
    print(f"{len(acknowledged)} of {2 * WRITES_EACH} acknowledged, p50 {latencies[50] * 1e3:.0f} ms")
    await asyncio.gather(*(engine.stop() for engine in engines))


async def test_two_engines_create_one_table_and_one_of_them_wins(
    config: EngineConfig, access: Access, finished: Finished
) -> None:
    engines = [Engine(config, access), Engine(replace(config, spool=config.storage / "other"), access)]

    async def create(engine: Engine) -> str:
        try:
            run = await finished(engine, "create table t as select 1 as a", mode="write", id=str(uuid.uuid4()))
        except EngineError as error:
            return error.code
        return run.error.code if run.error else run.state

    assert sorted(await asyncio.gather(*map(create, engines))) == ["done", "table_exists"]
    assert [table.rows for table in await engines[0].tables()] == [1]
    await asyncio.gather(*(engine.stop() for engine in engines))
