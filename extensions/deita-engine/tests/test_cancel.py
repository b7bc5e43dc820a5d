"""Cancelling is real: when the answer comes the processor is idle, whatever the statement was busy with."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import pytest
from deita_engine.client import Engine
from deita_engine.shapes import QuerySpec

from .processor import idle, processor_seconds, until

HEAVY = {
    "a cross join": "select count(*) from range(10000000) a, range(10000000) b where a.range + b.range = -1",
    "a recursion": "with recursive r(n) as (select 1 union all select n + 1 from r where n < 1000000000)"
    " select count(*) from r",
    "regular expressions": "select count(*) from range(100000000)"
    " where regexp_matches(repeat('ab', 20000) || range, '(a|b)*c$')",
    "a sort that spills": "select * from (select hash(range) as h, range from range(300000000))"
    " order by h offset 100000000 limit 1",
    "a window": "select sum(x) from (select sum(hash(range) % 7) over (order by hash(range)) x from range(100000000))",
    "one value that is a long list": "select len(list_sort(list_transform(range(n), x -> hash(x))))"
    " from (select 30000000 + range as n from range(3))",
}


@pytest.mark.parametrize("kind", HEAVY)
async def test_the_processor_is_idle_after_a_cancelled(engine: Engine, kind: str) -> None:
    await engine.tables()
    pid = engine.status()["pid"]
    before = processor_seconds(pid)
    run = await engine.run(QuerySpec(str(uuid.uuid4()), HEAVY[kind], "me"))
    await until(lambda: processor_seconds(pid) - before > 0.3)
    assert not run.is_over
    await asyncio.wait_for(run.cancel(), 10)
    assert run.state == "cancelled"
    assert await idle(pid) <= 2
    assert not run.result.path.exists()


async def test_who_leaves_before_a_statement_is_accepted_ends_it(engine: Engine) -> None:
    await engine.tables()
    pid = engine.status()["pid"]
    before = processor_seconds(pid)
    constant = "from range(length(lpad('x', 2000000000, 'y')))"  # computed while DuckDB binds, and does not listen
    started = asyncio.create_task(engine.run(QuerySpec(str(uuid.uuid4()), constant, "me")))
    await until(lambda: processor_seconds(pid) - before > 0.3)
    started.cancel()
    with pytest.raises(asyncio.CancelledError):
        await started
    await until(lambda: not Path(f"/proc/{pid}").exists())
    assert engine.status()["running"] == engine.status()["waiting"] == 0
