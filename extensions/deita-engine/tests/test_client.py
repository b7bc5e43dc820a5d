from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import EngineError, QuerySpec, RowsSpec

from .conftest import finished

Query = Callable[..., Awaitable[Run]]
Load = Callable[..., Awaitable[Run]]
ENDLESS = "select count(*) from range(10000000) a, range(10000000) b where a.range + b.range = -1"


def process_ends(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_select_gives_columns_rows_and_a_first_page(query: Query) -> None:
    run = await query("select 1 as a, 'x' as b")
    assert (run.state, run.statement_type, run.rows, run.truncated) == ("done", "SELECT", 1, False)
    assert [(c.name, c.type) for c in run.columns] == [("a", "INTEGER"), ("b", "VARCHAR")]
    assert json.loads(run.first_page or b"") == [[1, "x"]]


async def test_the_first_page_is_cut_at_a_thousand_rows_and_pages_reach_the_end(engine: Engine, query: Query) -> None:
    run = await query("select range as n from range(5000)")
    assert len(json.loads(run.first_page or b"")) == 1000
    page = await engine.page(run.id, 4990, 100)
    assert json.loads(page.rows_json) == [[n] for n in range(4990, 5000)]
    assert (page.rows, page.row_count, page.columns[0].type) == (10, 5000, "BIGINT")
    assert (await engine.page(run.id, 2040, 20)).rows_json == json.dumps([[n] for n in range(2040, 2060)]).replace(
        " ", ""
    ).encode()


async def test_a_page_survives_a_restart_of_the_engine(config: EngineConfig, engine: Engine, query: Query) -> None:
    run = await query("select 170141183460469231731687303715884105727::hugeint as big")
    await engine.stop()
    assert engine.status()["state"] == "stopped"
    page = await engine.page(run.id, 0, 10)
    assert (json.loads(page.rows_json), page.columns[0].type) == (
        [["170141183460469231731687303715884105727"]],
        "HUGEINT",
    )
    run.result.path.unlink()
    with pytest.raises(EngineError, match="no longer kept") as caught:
        await engine.page(run.id, 0, 10)
    assert caught.value.code == "result_expired"


async def test_limit_cuts_and_says_so(query: Query) -> None:
    run = await query("from range(10)", limit=3)
    assert (run.rows, run.truncated) == (3, True)
    run = await query("from range(3)", limit=3)
    assert (run.rows, run.truncated) == (3, False)


async def test_an_empty_result_has_columns(engine: Engine, query: Query) -> None:
    run = await query("select 1 as a where false")
    assert (run.state, run.rows, run.first_page) == ("done", 0, b"[]")
    assert (await engine.page(run.id, 0, 5)).columns[0].name == "a"


async def test_parameters_are_bound_by_name_and_typed(query: Query) -> None:
    run = await query(
        "select $i as i, $f as f, $t as t, $b as b, $n as n, $l as l",
        params={"i": 1, "f": 1.5, "t": "'; drop table x", "b": True, "n": None, "l": [1, 2]},
    )
    assert json.loads(run.first_page or b"") == [[1, 1.5, "'; drop table x", True, None, [1, 2]]]


@pytest.mark.parametrize(
    ("sql", "code", "place"),
    [
        ("selec 1", "query_syntax", (1, 1)),
        ("select 1 +", "query_syntax", (1, 11)),
        ("select\n  nope\nfrom (select 1 a)", "query_binding", (2, 3)),
        ("select * from nope", "table_not_found", (1, 15)),
        ("select nofunc(1)", "query_binding", (1, 8)),
        ("select " + "1, " * 60 + "nope from (select 1 a)", "query_binding", (1, 188)),
    ],
)
async def test_a_refused_statement_tells_line_and_column(
    query: Query, sql: str, code: str, place: tuple[int, int]
) -> None:
    with pytest.raises(EngineError) as caught:
        await query(sql)
    error = caught.value
    assert error.code == code
    assert (error.details["line"], error.details["column"]) == place
    assert "LINE" not in error.message


async def test_a_missing_parameter_is_a_binding_error(query: Query) -> None:
    with pytest.raises(EngineError) as caught:
        await query("select $x + 1")
    assert caught.value.code == "query_binding"


async def test_an_error_while_it_runs_makes_the_run_fail(query: Query) -> None:
    run = await query("select cast(s as int) from (select 'a' || range as s from range(3))")
    assert run.state == "failed"
    assert run.error
    assert run.error.code == "query_failed"
    assert not run.result.path.exists()
    with pytest.raises(EngineError):
        await run.result.grown(0)


async def test_an_endless_join_is_cancelled_within_a_second(engine: Engine) -> None:
    run = await engine.run(QuerySpec(str(uuid.uuid4()), ENDLESS, "me"))
    assert not await run.wait(0.2)
    started = time.monotonic()
    await run.cancel()
    assert time.monotonic() - started < 1
    assert run.state == "cancelled"
    assert engine.status()["restarts"] == 0


async def test_an_endless_join_times_out(engine: Engine, query: Query) -> None:
    run = await query(ENDLESS, timeout_ms=1500)
    assert run.state == "failed"
    assert run.error
    assert run.error.code == "query_timeout"
    assert run.elapsed_ms < 6000


async def test_what_does_not_answer_an_interrupt_is_killed(config: EngineConfig) -> None:
    engine = Engine(replace(config, cancel_grace_s=0.2))
    run = await engine.run(QuerySpec(str(uuid.uuid4()), ENDLESS, "me"))
    await until(lambda: run.state == "running")
    pid = engine.status()["pid"]
    os.kill(pid, signal.SIGSTOP)
    await run.cancel()
    assert run.state == "cancelled"
    assert process_ends(pid)
    await engine.stop()


async def test_several_queries_run_at_once_and_the_rest_wait(config: EngineConfig) -> None:
    engine = Engine(replace(config, max_running=2, max_waiting=1))
    runs = [await engine.run(QuerySpec(str(uuid.uuid4()), ENDLESS, "me")) for _ in range(3)]
    await until(lambda: engine.status()["running"] == 2)
    assert engine.status()["waiting"] == 1
    with pytest.raises(EngineError) as caught:
        await engine.run(QuerySpec(str(uuid.uuid4()), "select 1", "me"))
    assert caught.value.code == "too_many_queries"
    await runs[2].cancel()
    assert runs[2].state == "cancelled"
    await asyncio.gather(*(run.cancel() for run in runs))
    await engine.stop()


async def test_the_engine_ends_with_its_socket_and_when_idle(config: EngineConfig) -> None:
    engine = Engine(replace(config, idle_stop_s=0.1))
    run = await engine.run(QuerySpec(str(uuid.uuid4()), "select 1", "me"))
    await run.wait()
    await until(lambda: engine.status()["state"] == "stopped")
    assert (await engine.tables()) == []
    await engine.stop()


@pytest.mark.parametrize("sql", ["select repeat('x', 4000000000)", "select len(list(range)) from range(2000000000)"])
async def test_exhausted_memory_is_an_error_and_the_next_query_works(config: EngineConfig, sql: str) -> None:
    engine = Engine(replace(config, memory_bytes=1024**3))
    run = await engine.run(QuerySpec(str(uuid.uuid4()), sql, "me"))
    assert await run.wait(60)
    assert run.error
    assert run.error.code in ("out_of_memory", "engine_lost")
    again = await engine.run(QuerySpec(str(uuid.uuid4()), "select 1", "me"))
    await again.wait(20)
    assert again.state == "done"
    await engine.stop()


async def test_a_result_larger_than_the_cap_is_refused(config: EngineConfig) -> None:
    engine = Engine(replace(config, result_max_bytes=100_000))
    run = await engine.run(QuerySpec(str(uuid.uuid4()), "from range(1000000)", "me"))
    await run.wait(20)
    assert run.error
    assert run.error.code == "result_too_large"
    assert not run.result.path.exists()
    await engine.stop()


async def test_the_result_can_be_followed_while_it_grows(engine: Engine) -> None:
    run = await engine.run(QuerySpec(str(uuid.uuid4()), "select range, 'x' || range as s from range(3000000)", "me"))
    sizes = [await run.result.grown(0)]
    while not run.result.done:
        sizes.append(await run.result.grown(sizes[-1]))
    assert sizes == sorted(sizes)
    assert run.result.path.stat().st_size == sizes[-1]
    assert len(sizes) > 2


async def test_no_secret_of_the_server_reaches_the_engine(
    config: EngineConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "canary")
    engine = Engine(config)
    assert await engine.tables() == []
    environment = Path(f"/proc/{engine.status()['pid']}/environ").read_bytes()
    assert b"canary" not in environment
    await engine.stop()


async def test_no_error_holds_a_path(engine: Engine, query: Query, config: EngineConfig) -> None:
    for sql in ("select * from 'x.csv'", "select * from read_csv('/etc/passwd')"):
        with pytest.raises(EngineError) as caught:
            await query(sql)
        assert "/" not in caught.value.message


async def test_table_rows_are_ordered_filtered_and_paged(engine: Engine, load: Load, nycflights: Path) -> None:
    await load(nycflights / "airports.csv", "airports")
    spec = RowsSpec(
        "airports", 2, 3, (("alt", True),), (("tz", "eq", "-7"), ("name", "like", "%A%"), ("faa", "ne", "x"))
    )
    page = await engine.table_rows(spec)
    altitudes = [row[4] for row in json.loads(page.rows_json)]
    assert altitudes == sorted(altitudes, reverse=True)
    assert (page.rows, len(page.columns)) == (3, 8)
    one = await engine.table_rows(
        RowsSpec("airports", filters=(("faa", "in", "JFK,LGA,EWR"), ("tzone", "notnull", None)))
    )
    assert one.row_count == 3
    for spec in (
        RowsSpec("nope"),
        RowsSpec("airports", order=(("x", False),)),
        RowsSpec("airports", filters=(("x", "eq", "1"),)),
    ):
        with pytest.raises(EngineError) as caught:
            await engine.table_rows(spec)
        assert caught.value.code in ("table_not_found", "query_binding")


async def test_a_read_only_engine_reads_and_does_not_write(config: EngineConfig) -> None:
    engine = Engine(replace(config, read_only=True))
    with pytest.raises(EngineError) as caught:
        await engine.run(QuerySpec(str(uuid.uuid4()), "create table x as select 1 as a", "me", mode="write"))
    assert caught.value.code == "read_only"
    await engine.stop()


async def test_an_engine_that_reads_copies_writes_into_the_spool_alone_and_finds_newer_ones(
    config: EngineConfig, engine: Engine, query: Query, tmp_path: Path
) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()

    def copy() -> None:
        with (
            contextlib.closing(sqlite3.connect(config.storage / "lake.sqlite")) as lake,
            contextlib.closing(sqlite3.connect(copies / "new")) as fresh,
        ):
            lake.backup(fresh)
            fresh.execute("pragma journal_mode = delete")
        (copies / "new").replace(copies / "lake.sqlite")

    looks = replace(config, read_only=True, copies=copies, spool=tmp_path / "spool")
    assert looks.options("read", {})["writable"] == [str(tmp_path / "spool")]
    looking = Engine(looks)
    assert (await finished(looking, "select 1")).state == "done"
    for number in (1, 2):
        await query(f"create table t{number} as select {number} as n", mode="write")
        with pytest.raises(EngineError):
            await finished(looking, f"from t{number}")
        copy()
        assert json.loads((await finished(looking, f"from t{number}")).first_page or b"") == [[number]]
    await looking.stop()


def test_the_configuration_comes_from_the_environment(tmp_path: Path) -> None:
    config = EngineConfig.from_env(tmp_path, tmp_path, {"DEITA_ENGINE_MEMORY": "1000000", "DEITA_ENGINE_THREADS": "3"})
    assert (config.memory_bytes, config.threads, config.timeout_ms) == (1_000_000, 3, 300_000)
    with pytest.raises(ValueError, match="invalid literal"):
        EngineConfig.from_env(tmp_path, tmp_path, {"DEITA_ENGINE_THREADS": "many"})


async def test_an_engine_does_without_pandas(query: Query, engine: Engine) -> None:
    run = await query("SELECT $a + 1, [1.5, NULL], DATE '2026-01-02'", params={"a": 1})
    assert run.state == "done", run.error
    assert b"/pandas/" not in Path(f"/proc/{engine.status()['pid']}/maps").read_bytes()
