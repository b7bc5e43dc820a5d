from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pyarrow as pa
import pytest
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.names import distinct
from deita_engine.shapes import EngineError, Selection

Query = Callable[..., Awaitable[Run]]
MILLION = "select range as n, (range * 7919) % 1000 as k, 'name' || (range % 7) as s from range(1000000)"


async def rows(engine: Engine, run: Run, selection: Selection, offset: int = 0, limit: int = 5) -> list[Any]:
    found: list[Any] = json.loads((await engine.page(run.id, offset, limit, selection)).rows_json)
    return found


async def test_a_million_rows_are_sorted_and_filtered_page_by_page(
    config: EngineConfig, engine: Engine, query: Query
) -> None:
    run = await query(MILLION)
    selection = Selection((("k", True),), (("s", "eq", "name3"), ("n", "ge", "10")))
    page = await engine.page(run.id, 0, 3, selection)
    kept = [n for n in range(10, 1_000_000) if n % 7 == 3]
    ordered = sorted(kept, key=lambda n: (-(n * 7919 % 1000), n))
    assert (page.row_count, [column.type for column in page.columns]) == (len(kept), ["BIGINT", "BIGINT", "VARCHAR"])
    assert [row[0] for row in json.loads(page.rows_json)] == ordered[:3]
    assert not config.spool.joinpath(f"{selection.name(run.id)}.arrow").exists()
    deep = await rows(engine, run, selection, offset=100_000, limit=50)
    assert [row[0] for row in deep] == ordered[100_000:100_050]
    assert config.spool.joinpath(f"{selection.name(run.id)}.arrow").exists()
    again = await rows(engine, run, selection, offset=0, limit=3)
    assert [row[0] for row in again] == ordered[:3]


async def test_ties_keep_their_order_so_that_pages_never_overlap(engine: Engine, query: Query) -> None:
    run = await query("select range as n, range % 2 as k from range(30000)")
    selection = Selection((("k", False),))
    seen = []
    for offset in range(0, 30_000, 5000):
        seen += [row[0] for row in await rows(engine, run, selection, offset, 5000)]
    assert seen == [*range(0, 30_000, 2), *range(1, 30_000, 2)]


async def test_exports_hold_the_selected_rows(query: Query, exported: Callable[..., Awaitable[bytes]]) -> None:
    run = await query(MILLION)
    selection = Selection((("n", True),), (("n", "lt", "3"),))
    text = (await exported(run.id, "csv", selection=selection)).decode()
    assert text.splitlines() == ["n,k,s", "2,838,name2", "1,919,name1", "0,0,name0"]
    arrow = await exported(run.id, "arrow", selection=selection)
    assert pa.ipc.open_stream(arrow).read_all()["n"].to_pylist() == [2, 1, 0]
    objects = json.loads(await exported(run.id, "json", selection=selection))
    assert [item["n"] for item in objects] == [2, 1, 0]
    assert b"2" not in await exported(run.id, "ndjson", selection=Selection((), (("n", "eq", "0"),)))


async def test_values_keep_their_types_and_forms(engine: Engine, query: Query) -> None:
    run = await query(
        "select i, 170141183460469231731687303715884105727::hugeint as h, 1.50::decimal(5, 2) as d, [i, 2] as l,"
        " {'a': i} as st, '\\xFF'::blob as b, to_days(i::int) as iv, time '01:02:03' as ti, '[1]'::json as j,"
        " '00000000-0000-0000-0000-000000000001'::uuid as u, timestamptz '2024-01-02 03:04:05+00' as tz,"
        " 'a'::enum('b', 'a') as e, map {'k': i} as m, 'nan'::double as f, null as nothing from range(2) t(i)"
    )
    assert run.error is None
    plain = json.loads(run.first_page or b"")
    for column in run.columns:
        backwards = await engine.page(run.id, 0, 5, Selection((("i", True), (column.name, False))))
        assert json.loads(backwards.rows_json) == plain[::-1], column
        assert backwards.columns == run.columns
    assert await rows(engine, run, Selection((), (("h", "gt", "5"), ("u", "notnull", None), ("e", "eq", "a")))) == plain


async def test_columns_of_one_name_are_told_apart(engine: Engine, query: Query) -> None:
    run = await query("select 1 as a, 2 as a, 3 as place union all select 4, 1, 2")
    assert await rows(engine, run, Selection((("a_2", False),))) == [[4, 1, 2], [1, 2, 3]]
    assert await rows(engine, run, Selection((("place", False),))) == [[4, 1, 2], [1, 2, 3]]
    assert distinct(["a", "A", "a_2", "a"]) == ["a", "A_3", "a_2", "a_4"]


async def test_what_cannot_be_selected_is_refused(engine: Engine, query: Query) -> None:
    run = await query("select 1 as a")
    for selection, code in (
        (Selection((("b", False),)), "query_binding"),
        (Selection((), (("b", "eq", "1"),)), "query_binding"),
        (Selection((), (("a", "eq", "x"),)), "query_failed"),
    ):
        with pytest.raises(EngineError) as caught:
            await engine.page(run.id, 0, 5, selection)
        assert caught.value.code == code
    with pytest.raises(EngineError) as caught:
        await engine.page("00000000-0000-0000-0000-000000000000", 0, 5, Selection((("a", False),)))
    assert caught.value.code == "result_expired"


async def test_who_leaves_ends_the_sorting_and_leaves_nothing(
    config: EngineConfig, engine: Engine, query: Query
) -> None:
    run = await query("select range as n, random() as x, repeat('y', 20) || range as s from range(3000000)")
    selection = Selection((("x", False),))
    asking = asyncio.create_task(engine.page(run.id, 2_000_000, 10, selection))
    part = config.spool / f"{selection.name(run.id)}.part.arrow"
    async with asyncio.timeout(30):
        while not part.exists():
            await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    async with asyncio.timeout(10):
        while part.exists():
            await asyncio.sleep(0.01)
    assert not config.spool.joinpath(f"{selection.name(run.id)}.arrow").exists()
    assert len(await rows(engine, run, selection)) == 5


async def test_a_profile_of_a_result_is_that_of_a_table_and_kept(
    config: EngineConfig, engine: Engine, query: Query
) -> None:
    run = await query("select range % 4 as n, sum(range) as big, 'x' as n from range(100) group by range")
    profile = await engine.result_profile(run.id)
    assert profile["rows"] == 100
    assert [(column["name"], column["type"]) for column in profile["columns"]] == [
        ("n", "BIGINT"), ("big", "HUGEINT"), ("n", "VARCHAR"),
    ]  # fmt: skip
    assert profile["columns"][0]["top"][0]["count"] == 25
    assert (config.spool / f"{run.id}.profile.json").exists()
    assert await engine.result_profile(run.id) == profile
