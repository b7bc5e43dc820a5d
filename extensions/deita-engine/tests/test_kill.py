from __future__ import annotations

import asyncio
import json
import os
import signal
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from deita_engine.access import Access
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import EngineError, ImportSpec, QuerySpec

Finished = Callable[..., Awaitable[Run]]

KILLS = 5


@pytest.mark.backends
async def test_what_was_acknowledged_survives_kill_9_and_the_rest_is_whole_or_absent(
    config: EngineConfig, access: Access, finished: Finished
) -> None:
    engine = Engine(config, access)
    await finished(engine, "create table ledger (n bigint, part int)", mode="write")
    acknowledged: set[int] = set()
    number = 0
    for round_ in range(KILLS):
        await finished(engine, f"insert into ledger select {-1 - round_}, range from range(10)", mode="write")
        pid = engine.status()["writer_pid"]
        killer = asyncio.get_running_loop().call_later(0.05 + 0.05 * round_, os.kill, pid, signal.SIGKILL)
        while True:
            number += 1
            sql = f"insert into ledger select {number}, range from range(10)"
            try:
                run = await finished(engine, sql, mode="write")
            except EngineError as error:
                assert error.code == "engine_lost"
                break
            if run.state == "failed":
                assert run.error
                assert run.error.code == "engine_lost"
                break
            acknowledged.add(number)
        killer.cancel()
    run = await finished(engine, "select n, count(*) from ledger group by n order by n")
    found = dict(json.loads(run.first_page or b""))
    assert acknowledged <= set(found)
    assert set(found.values()) <= {10}
    assert (await finished(engine, "insert into ledger values (0, 0)", mode="write")).state == "done"
    assert engine.status()["restarts"] == KILLS
    await engine.stop()


async def test_a_kill_in_the_middle_of_an_import_leaves_no_table(config: EngineConfig, nycflights: Path) -> None:
    engine = Engine(config)
    file = nycflights / "flights.csv"
    run = await engine.import_file(ImportSpec(str(uuid.uuid4()), str(file), "flights.csv", "0" * 64, "flights", "me"))
    async with asyncio.timeout(30):
        while not list((config.storage / "lake").rglob("*.parquet")):
            await asyncio.sleep(0.005)
    os.kill(engine.status()["writer_pid"], signal.SIGKILL)
    assert await run.wait(10)
    tables = await engine.tables()
    assert (run.state, tables) == ("failed", []) or [table.rows for table in tables] == [336_776]
    again = await engine.import_file(
        ImportSpec(str(uuid.uuid4()), str(file), "flights.csv", "0" * 64, "flights", "me", "replace")
    )
    assert await again.wait(60)
    assert (again.state, again.rows) == ("done", 336_776)
    await engine.stop()


async def test_a_kill_in_the_middle_of_a_create_leaves_no_table(config: EngineConfig, finished: Finished) -> None:
    engine = Engine(config)
    sql = "create table big as select range as a, hash(range) as b from range(50000000)"
    run = await engine.run(QuerySpec(str(uuid.uuid4()), sql, "me", mode="write"))
    async with asyncio.timeout(30):
        while not list((config.storage / "lake").rglob("*.parquet")):
            await asyncio.sleep(0.005)
    os.kill(engine.status()["writer_pid"], signal.SIGKILL)
    assert await run.wait(10)
    assert run.error
    assert run.error.code == "engine_lost"
    assert await engine.tables() == []
    await engine.stop()
