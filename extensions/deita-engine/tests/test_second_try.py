"""Reads whose engine was lost, or that found no memory beside a greedy one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import EngineError, QuerySpec

SLOW = "select count(*) from range(10000) a, range(10000) b where (a.range + b.range) % 2 = 0"
ROWS = [[50_000_000]]
ENDLESS = "select count(*) from range(10000000) a, range(10000000) b where a.range + b.range = -1"
GREEDY = """with held as materialized (select list(hash(range)) as list from range({})) select count(*)
    from held, range(10000000000) r where len(held.list) = r.range"""
NORMAL = "select len(list(hash(range + {}))) from range(2000000)"


async def start(engine: Engine, sql: str, **options: object) -> Run:
    return await engine.run(QuerySpec(str(uuid.uuid4()), sql, "me", **options))  # type: ignore[arg-type]


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def kill(engine: Engine) -> None:
    os.kill(engine.status()["pid"], signal.SIGKILL)


async def killed_while_running(engine: Engine, run: Run) -> None:
    await until(lambda: run.state == "running")
    before = engine.status()["restarts"]
    kill(engine)
    await until(lambda: run.is_over or engine.status()["restarts"] > before)


async def test_a_read_whose_engine_is_killed_gives_its_rows_all_the_same(engine: Engine) -> None:
    run = await start(engine, SLOW)
    await killed_while_running(engine, run)
    assert await run.wait(60)
    assert (run.state, json.loads(run.first_page or b"")) == ("done", ROWS)
    assert engine.status()["restarts"] == 1


async def test_a_read_that_loses_two_engines_has_failed_and_takes_nobody_along(engine: Engine) -> None:
    harmful, harmless = await start(engine, ENDLESS), await start(engine, SLOW)
    await until(lambda: harmless.state == "running")
    await killed_while_running(engine, harmful)
    beside = await start(engine, SLOW)
    await killed_while_running(engine, harmful)
    assert await harmful.wait(30)
    assert harmful.error
    assert (harmful.state, harmful.error.code) == ("failed", "engine_lost")
    for run in (harmless, beside):
        assert await run.wait(60)
        assert (run.state, json.loads(run.first_page or b"")) == ("done", ROWS)


async def test_what_only_waited_when_the_engine_was_lost_waits_again(config: EngineConfig) -> None:
    engine = Engine(replace(config, max_running=1))
    running = await start(engine, ENDLESS)
    await until(lambda: running.state == "running")
    waiting = [await start(engine, f"select {number}") for number in range(5)]
    await killed_while_running(engine, running)
    await killed_while_running(engine, running)
    assert await running.wait(30)
    for number, run in enumerate(waiting):
        assert await run.wait(30)
        assert json.loads(run.first_page or b"") == [[number]]
    await engine.stop()


@pytest.mark.parametrize("ask", ["run", "tables"])
async def test_an_engine_lost_before_it_answered_is_asked_again(engine: Engine, ask: str) -> None:
    await engine.tables()
    pid = engine.status()["pid"]
    os.kill(pid, signal.SIGSTOP)
    asked = asyncio.create_task(start(engine, "select 7") if ask == "run" else engine.tables())
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    answered = await asyncio.wait_for(asked, 30)
    if isinstance(answered, Run):
        assert await answered.wait(30)
        assert answered.first_page == b"[[7]]"


async def test_a_result_that_somebody_reads_already_is_not_made_again(engine: Engine) -> None:
    run = await start(engine, "select range, 'x' || range as s from range(1000000000)")
    assert await run.result.grown(0) > 0
    kill(engine)
    assert await run.wait(30)
    assert run.error
    assert (run.state, run.error.code) == ("failed", "engine_lost")
    with pytest.raises(EngineError):
        await run.result.grown(0)
    assert not run.result.path.exists()


async def test_a_read_on_its_second_try_can_be_cancelled(engine: Engine) -> None:
    run = await start(engine, ENDLESS)
    await killed_while_running(engine, run)
    await asyncio.wait_for(run.cancel(), 20)
    assert run.state == "cancelled"


async def test_the_time_that_a_read_may_take_goes_on_through_its_second_try(engine: Engine) -> None:
    run = await start(engine, ENDLESS, timeout_ms=3000)
    await killed_while_running(engine, run)
    assert await run.wait(30)
    assert run.error
    assert run.error.code == "query_timeout"


async def test_a_write_is_never_tried_twice(engine: Engine) -> None:
    await (await start(engine, "create table t (n bigint)", mode="write")).wait()
    run = await start(engine, f"insert into t {SLOW}", mode="write")
    os.kill(engine.status()["writer_pid"], signal.SIGKILL)
    assert await run.wait(30)
    assert run.error
    assert run.error.code == "engine_lost"


def resident_bytes(engine: Engine) -> int:
    status = Path(f"/proc/{engine.status()['pid']}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


async def test_a_greedy_query_that_keeps_the_memory_does_not_fail_seven_normal_ones(config: EngineConfig) -> None:
    engine = Engine(replace(config, memory_bytes=1024**3))
    await engine.tables()
    before = resident_bytes(engine)
    greedy = await start(engine, GREEDY.format(18_000_000))  # nearly all: on their first try the others find no memory
    await until(lambda: resident_bytes(engine) - before > 500 * 1024**2)
    normal = [await start(engine, NORMAL.format(number)) for number in range(7)]
    for run in normal:
        assert await run.wait(60)
        assert (run.state, run.first_page) == ("done", b"[[2000000]]"), run.error
    await greedy.cancel()
    await engine.stop()


async def test_a_query_too_large_for_the_engine_says_what_it_may_have(config: EngineConfig) -> None:
    engine = Engine(replace(config, memory_bytes=512 * 1024**2))
    beside = await start(engine, ENDLESS)
    await until(lambda: beside.state == "running")
    greedy = await start(engine, GREEDY.format(50_000_000))
    assert await greedy.wait(60)
    assert greedy.error
    assert (greedy.error.code, greedy.error.details) == ("out_of_memory", {"share_bytes": 512 * 1024**2 // 5})
    assert "102 MB" in greedy.error.message
    assert beside.state == "running"
    await beside.cancel()
    await engine.stop()
