"""Statements that eat whatever they get: each ends with a code that says what was missing, and the engine goes on."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from deita_engine.client import Engine, EngineConfig
from deita_engine.shapes import EngineError, QuerySpec

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOO_MUCH = {"out_of_memory", "query_timeout", "query_failed"}
TOO_DEEP = {"query_syntax", "query_binding", "query_failed", "query_timeout", "out_of_memory", "done"}
EATERS = {
    "select repeat('x', 10000000000)": TOO_MUCH,
    "select len(list(range)) from range(2000000000)": TOO_MUCH,
    "select len(range(10000000000))": TOO_MUCH,
    "select list_transform(range(1000), x -> repeat('y', 10000000))": TOO_MUCH,
    "select string_agg(repeat('x', 100000)) from range(1000000)": TOO_MUCH,
    "select lpad('x', 400000000, 'y') || lpad('x', 400000000, 'z') from range(100)": TOO_MUCH,
    "from range(length(lpad('x', 2000000000, 'y')))": TOO_MUCH,
    "select count(*) from range(100000000) a, range(100000000) b where a.range * b.range % 7 = 8": TOO_MUCH,
    "with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r": {"query_timeout"},
    "with recursive r(n) as (select 1 union all select a.n + 1 from r a, r b) select count(*) from r": TOO_MUCH,
    "with recursive r(t) as (select 'x' union all select t || t from r) select max(length(t)) from r": TOO_MUCH,
    "from generate_series(1, 9223372036854775807) order by hash(generate_series)": {*TOO_MUCH, "no_space"},
    "select " + "(" * 5000 + "1" + ")" * 5000: TOO_DEEP,
    "select " + "+".join(["1"] * 20000): TOO_DEEP,
    "select " + "not " * 20000 + "true": TOO_DEEP,
    "select * from " + "(select * from " * 500 + "range(1)" + ")" * 500: TOO_DEEP,
    "select 1 in (" + ",".join(map(str, range(50000))) + ")": TOO_DEEP,
    "select " + ",".join(f"{n} as c{n}" for n in range(20000)): {*TOO_MUCH, "done"},
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    storage = tmp_path_factory.mktemp("eaters")
    engine = Engine(EngineConfig(storage, storage / "spool", memory_bytes=1024**3, threads=2))
    yield engine
    await engine.stop()


@pytest.mark.parametrize("sql", EATERS, ids=lambda sql: f"{sql[:40]}…")
async def test_an_eater_ends_with_a_code_and_the_next_query_runs(engine: Engine, sql: str) -> None:
    try:
        run = await engine.run(QuerySpec(str(uuid.uuid4()), sql, "me", timeout_ms=2000))
        assert await run.wait(60)
        code = run.error.code if run.error else "done"
    except EngineError as error:
        code = error.code
    assert code in EATERS[sql]
    begin = time.monotonic()
    async with asyncio.timeout(30):
        after = await engine.run(QuerySpec(str(uuid.uuid4()), "select 1", "me"))
        await after.wait()
    assert (after.state, after.first_page) == ("done", b"[[1]]")
    assert time.monotonic() - begin < 20
