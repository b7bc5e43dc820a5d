"""What the engine notes for receipts: the tables that were really read, what it cost, the hashes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from deita_engine.client import Engine, Run
from deita_engine.shapes import EngineError, QuerySpec

Query = Callable[..., Awaitable[Run]]
BIG = "SELECT range, range / 7 AS x FROM range(3000)"


async def write(query: Query, sql: str) -> Run:
    run = await query(sql, mode="write")
    assert run.state == "done", run.error
    return run


async def test_a_view_is_followed_to_the_tables_under_it(query: Query):
    await write(query, "CREATE TABLE base AS SELECT 1 AS a")
    await write(query, "CREATE VIEW above AS SELECT * FROM base")
    await write(query, 'CREATE VIEW "Top" AS SELECT * FROM above')
    run = await query("SELECT * FROM top")
    assert run.tables == ("Top", "above", "base")


async def test_a_statement_tells_its_processor_time_and_memory(query: Query):
    run = await query("SELECT count(*) FROM range(20000000) t(a) WHERE a % 7 = 3")
    cost = run.evidence.cost
    assert cost.cpu_ms is not None and cost.peak_memory_bytes is not None
    assert 0 < cost.cpu_ms < 60_000
    assert cost.peak_memory_bytes >= 0


async def test_what_is_not_measured_has_no_cost(query: Query):
    assert (await query("VALUES (1)")).evidence.cost.cpu_ms is None


async def test_short_results_have_their_hashes_and_long_ones_when_asked(engine: Engine, query: Query):
    short = await query("SELECT 1")
    assert short.evidence.result_hash and short.evidence.loose_hash
    long = await query(BIG)
    assert long.evidence.result_hash is None
    assert await engine.hashes(long.id, ordered=False) == await engine.hashes(long.id, ordered=False)
    assert (await engine.hashes(long.id, ordered=False))[0] != (await engine.hashes(long.id, ordered=True))[0]


async def test_the_hash_of_a_short_result_is_that_of_its_file(engine: Engine, query: Query):
    run = await query("SELECT range, 'x' AS t FROM range(10)")
    assert await engine.hashes(run.id, ordered=False) == (run.evidence.result_hash, run.evidence.loose_hash)


async def test_the_hash_of_a_result_that_is_gone_is_refused(engine: Engine):
    with pytest.raises(EngineError, match="no longer kept") as caught:
        await engine.hashes("00000000-0000-0000-0000-000000000000", ordered=False)
    assert caught.value.code == "result_expired"


async def test_who_stops_waiting_ends_the_hashing(engine: Engine, query: Query):
    run = await query("SELECT range AS a, 'text ' || range AS b FROM range(2000000)")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(engine.hashes(run.id, ordered=False), 0.3)
    assert await asyncio.wait_for(engine.hashes((await query(BIG)).id, ordered=False), 20)


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("CREATE TABLE made AS SELECT * FROM one JOIN two USING (a)", ["one", "two"]),
        ("CREATE VIEW made AS SELECT * FROM two", ["two"]),
        ("INSERT INTO one SELECT * FROM two", ["two"]),
        ("UPDATE one SET a = 2 WHERE a IN (SELECT a FROM two)", ["one", "two"]),
        ("DELETE FROM one", ["one"]),
        ("DROP TABLE one", []),
    ],
)
async def test_a_commit_says_which_versions_its_statement_read(engine: Engine, query: Query, sql: str, read: list[str]):
    await write(query, "CREATE TABLE one AS SELECT 1 AS a")
    await write(query, "CREATE TABLE two AS SELECT 1 AS a")
    await write(query, "INSERT INTO two VALUES (2)")
    at = (await engine.commits())[-1].snapshot
    await write(query, sql)
    receipt = (await engine.commits())[-1].source.receipt
    assert receipt is not None
    assert sorted(table["name"] for table in receipt["tables"]) == read
    assert all(table["version"] == {"one": 1, "two": 2}[table["name"]] for table in receipt["tables"])
    assert (receipt["snapshot"], receipt["engine"]) == (at, engine.status()["version"])
    assert {"ducklake", "parquet"} <= set(receipt["extensions"]) or sql.startswith("CREATE TABLE")


async def test_a_failed_statement_leaves_its_connection_usable(engine: Engine, query: Query):
    for _ in range(engine.config.max_running + 1):
        assert (await query("SELECT CAST(range || 'x' AS INTEGER) FROM range(3)")).state == "failed"
        run = await engine.run(QuerySpec("cancelled", "SELECT count(*) FROM range(10000000000), range(99)", "me"))
        await run.cancel()
    assert (await query("SELECT 1")).state == "done"


async def test_a_result_whose_rows_are_too_large_to_be_hashed_says_so(engine: Engine, query: Query):
    run = await query(BIG)
    engine.config.spool.joinpath(f"{run.id}.arrow").write_bytes(b"not what an engine writes")
    with pytest.raises(EngineError) as caught:
        await engine.hashes(run.id, ordered=False)
    assert caught.value.code == "out_of_memory"
