"""An export is made once, for as long as somebody waits for it."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import ExportFormat, QuerySpec

from .processor import idle, peak_memory, processor_seconds, until

Query = Callable[..., Awaitable[Run]]
Finished = Callable[..., Awaitable[Run]]
MIB = 1024**2


@pytest.mark.parametrize("format", ["csv", "ndjson", "json", "parquet", "xlsx"])
async def test_an_export_ends_when_nobody_waits_any_more(engine: Engine, query: Query, format: ExportFormat) -> None:
    rows = 300_000 if format == "xlsx" else 10_000_000
    run = await query(f"select range as n, hash(range) as h, 'x' || range as s from range({rows})")
    pid = engine.status()["pid"]
    with engine.export(run.id, format) as stream:
        with engine.export(run.id, format):
            pass
        before = processor_seconds(pid)
        await until(lambda: processor_seconds(pid) - before > 0.1)
        assert not stream.done
    await until(lambda: not stream.path.exists())
    assert await idle(pid) <= 2
    with engine.export(run.id, format) as again:
        assert again is not stream


async def test_who_leaves_an_export_that_waits_for_its_query_ends_it(engine: Engine, query: Query) -> None:
    await query("select 1")  # after it the engine has the threads that it keeps
    sql = "select count(*) from range(10000000) a, range(10000000) b where a.range + b.range = -1"
    run = await engine.run(QuerySpec(str(uuid.uuid4()), sql, "me"))
    threads = Path(f"/proc/{engine.status()['pid']}/task")
    await until(lambda: run.state == "running")
    before = len(list(threads.iterdir()))
    with engine.export(run.id, "csv"), engine.export(run.id, "parquet"), engine.export(run.id, "ndjson"):
        await until(lambda: len(list(threads.iterdir())) >= before + 3)
    await until(lambda: len(list(threads.iterdir())) <= before)
    await run.cancel()
    assert run.state == "cancelled"


@pytest.mark.parametrize("format", ["csv", "ndjson", "json", "parquet"])
async def test_an_export_takes_little_memory(config: EngineConfig, finished: Finished, format: ExportFormat) -> None:
    engine = Engine(dataclasses.replace(config, memory_bytes=300 * MIB))
    try:
        run = await finished(engine, "select range as n, repeat('x', 2000) || range as s from range(200000)")
        assert run.result.size > 400 * MIB * 0.9
        before = peak_memory(engine.status()["pid"])
        with engine.export(run.id, format) as stream:
            while not stream.done:
                await stream.grown(stream.size)
        assert peak_memory(engine.status()["pid"]) - before < 250 * MIB
    finally:
        await engine.stop()
