from __future__ import annotations

import asyncio
import json
import statistics
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from deita_engine.client import Engine, Run
from deita_engine.shapes import EngineError

Query = Callable[..., Awaitable[Run]]
Load = Callable[..., Awaitable[Run]]


async def profiled(engine: Engine, table: str = "t", version: int | None = None) -> dict[str, dict[str, Any]]:
    profile = await engine.profile(table, version)
    return {column["name"]: column for column in profile["columns"]}


async def test_flights_have_the_known_figures(engine: Engine, load: Load, query: Query, nycflights: Path) -> None:
    await load(nycflights / "flights.csv", "flights")
    profile = await engine.profile("flights")
    assert (profile["rows"], len(profile["columns"])) == (336_776, 19)
    columns = {column["name"]: column for column in profile["columns"]}
    delay = columns["dep_delay"]
    assert (delay["nulls"], delay["min"], delay["max"]) == (8_255, -43, 1301)
    assert delay["mean"] == pytest.approx(12.6390702573)
    assert delay["quantiles"] == {"0.25": -5, "0.5": -2, "0.75": 11}
    assert (delay["distinct"], delay["distinct_is_approximate"]) == (527, False)
    carriers = columns["carrier"]
    assert (carriers["distinct"], carriers["min"], carriers["max"]) == (16, "9E", "YV")
    assert carriers["top"][0] == {"value": "UA", "count": 58_665}
    assert (carriers["histogram"], carriers["quantiles"], carriers["mean"]) == ([], None, None)
    for column in profile["columns"]:
        assert not column["histogram"] or sum(bin["count"] for bin in column["histogram"]) == column["count"]


async def test_many_values_are_binned_and_their_quartiles_are_close(engine: Engine, query: Query) -> None:
    await query(
        """create table t as select range as id, (range * 7919) % 1000003 / 10 as x,
           exp((range % 99991) / 9999) as skew,
           case when range % 4 = 0 then 'often' else 'once ' || range end as word,
           timestamp '2026-01-01' + to_seconds(range) as at, if(range % 10 = 0, 'inf'::double, range / 3) as edge
           from range(300000)""",
        mode="write",
    )
    columns = await profiled(engine)
    ids = columns["id"]
    assert ids["distinct_is_approximate"] and abs(ids["distinct"] - 300_000) < 30_000
    assert [round(ids["quantiles"][q] / 75_000, 2) for q in ("0.25", "0.5", "0.75")] == [1, 2, 3]
    assert (ids["histogram"][0]["from"], len(ids["histogram"]), ids["top"]) == (0, 20, [])
    for name in ("x", "skew"):
        run = await query(f"select quantile_cont({name}, [0.25, 0.5, 0.75]) from t")
        exact = json.loads(run.first_page or b"")[0][0]
        spread = columns[name]["max"] - columns[name]["min"]
        assert columns[name]["quantiles"]["0.5"] == pytest.approx(exact[1], abs=spread / 100)
    assert columns["word"]["top"][0] == {"value": "often", "count": 75_000}
    moments = columns["at"]["histogram"]
    assert (moments[0]["from"], columns["at"]["mean"]) == ("2026-01-01T00:00:00", None)
    assert columns["at"]["quantiles"]["0.5"].startswith("2026-01-02T17:3") or columns["at"]["quantiles"][
        "0.5"
    ].startswith("2026-01-02T17:4")
    assert columns["edge"]["max"] == "Infinity"
    assert sum(bin["count"] for bin in columns["edge"]["histogram"]) == 270_000
    for name in ("id", "x", "skew", "at"):
        assert sum(bin["count"] for bin in columns[name]["histogram"]) == 300_000
        assert statistics.fmean(bin["count"] for bin in columns[name]["histogram"]) >= 300_000 / 20


async def test_every_type_has_what_makes_sense(engine: Engine, query: Query) -> None:
    made = await query(
        """create table t as select 1.50::decimal(9, 2) as price, true as flag, date '2026-01-31' as day,
           time '12:30' as clock, 'ab'::blob as bytes, [1, 2] as list, {'a': 1} as struct, null::int as nothing,
           uuid '00000000-0000-0000-0000-000000000001' as id, 'nan'::double as nan,
           18446744073709551615::ubigint as huge, repeat('x', 5000) as long, '{}'::json as json,
           interval 3 days as span, '2026-01-01 00:00:00+00'::timestamptz as at""",
        mode="write",
    )
    assert made.state == "done", made.error and made.error.message
    columns = await profiled(engine)
    assert columns["price"]["top"] == [{"value": "1.50", "count": 1}]
    assert columns["flag"]["top"] == [{"value": True, "count": 1}]
    assert columns["day"]["histogram"] == [{"from": "2026-01-31", "to": "2026-01-31", "count": 1}]
    assert columns["day"]["quantiles"]["0.5"] == "2026-01-31"
    assert columns["clock"]["min"] == "12:30:00"
    assert (columns["bytes"]["top"], columns["list"]["min"], columns["struct"]["count"]) == ([], None, 1)
    empty = columns["nothing"]
    assert (empty["nulls"], empty["count"], empty["min"], empty["mean"], empty["top"]) == (1, 0, None, None, [])
    assert (columns["nan"]["histogram"], columns["nan"]["top"]) == ([], [{"value": "NaN", "count": 1}])
    assert columns["huge"]["max"] == "18446744073709551615"
    assert len(columns["long"]["top"][0]["value"]) == 200
    assert columns["at"]["histogram"][0]["from"] == "2026-01-01T00:00:00Z"


async def test_an_empty_table_and_an_old_version_have_a_profile(engine: Engine, query: Query) -> None:
    created = await query("create table t as select range as a from range(5)", mode="write")
    await query("delete from t", mode="write")
    assert (await profiled(engine))["a"]["distinct"] == 0
    assert created.snapshot is not None
    await engine.rename_table("t", "renamed", "me")
    old = (await profiled(engine, "renamed", created.snapshot))["a"]
    assert (old["count"], old["histogram"][-1]) == (5, {"from": 4, "to": 5, "count": 1})
    with pytest.raises(EngineError) as caught:
        await engine.profile("t")
    assert caught.value.code == "table_not_found"


async def test_a_profile_ends_when_nobody_waits_for_it(engine: Engine, query: Query) -> None:
    endless = "create view v as select sum(a.range * b.range) as s from range(10000000) a, range(10000000) b"
    await query("create table t as select 1 as a", mode="write")
    await query(endless, mode="write")
    asking = asyncio.create_task(engine.profile("v"))
    done, _ = await asyncio.wait((asking,), timeout=0.3)
    assert not done
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (await asyncio.wait_for(engine.profile("t"), 20))["rows"] == 1
