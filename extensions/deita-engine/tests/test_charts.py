from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from deita_engine.axes import axis_of
from deita_engine.client import Engine, Run
from deita_engine.scales import Overview, scale_of
from deita_engine.shapes import ChartSpec, EngineError

Query = Callable[..., Awaitable[Run]]
SALES = """select range as n, range % 10 as few, range * 0.5 as price, date '2024-01-01' + (range % 731)::int as day,
           timestamp '2024-01-01 00:00:00' + to_seconds(range) as t, 'r' || (range % 40) as region,
           ['x', 'y', null][range % 3 + 1] as kind, nullif(range % 5, 0) as gap,
           timestamptz '2024-01-01 00:00:00+00' as z
           from range(100000)"""


@pytest.fixture
async def sales(query: Query) -> Run:
    return await query(SALES)


async def points(engine: Engine, run: Run, x: str, *what: Any, **spec: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await engine.chart(run.id, ChartSpec(x, *what, **spec)))["points"]
    return found


async def test_few_numbers_are_drawn_as_they_are_and_many_in_round_bins(engine: Engine, sales: Run) -> None:
    assert await points(engine, sales, "few") == [{"x": n, "y": 10_000} for n in range(10)]
    chart = await engine.chart(sales.id, ChartSpec("n", bins=10))
    assert chart["x"] == {"name": "n", "type": "BIGINT", "kind": "number", "bin": {"width": 10_000.0}}
    assert chart["points"] == [{"x": i * 10_000, "x_end": (i + 1) * 10_000, "y": 10_000} for i in range(10)]
    assert (chart["row_count"], chart["left_out"]) == (100_000, {"without_place": 0, "by_sampling": 0})
    assert len(await points(engine, sales, "price", "n", "max", bins=50)) == 50


async def test_times_are_drawn_in_steps_of_the_calendar(engine: Engine, sales: Run) -> None:
    chart = await engine.chart(sales.id, ChartSpec("day", "n", "sum", bins=30))
    assert chart["x"]["bin"] == {"unit": "month", "count": 1}
    assert [point["x"] for point in chart["points"]][:2] == ["2024-01-01", "2024-02-01"]
    assert sum(point["y"] for point in chart["points"]) == sum(range(100_000))
    chart = await engine.chart(sales.id, ChartSpec("t", bins=120))
    assert (chart["x"]["bin"], len(chart["points"])) == ({"unit": "minute", "count": 15}, 112)
    assert chart["points"][1] == {"x": "2024-01-01T00:15:00", "y": 900}
    assert await points(engine, sales, "z") == [{"x": "2024-01-01T00:00:00Z", "y": 100_000}]


async def test_of_many_categories_the_largest_stay_and_the_others_are_one(engine: Engine, sales: Run) -> None:
    chart = await engine.chart(sales.id, ChartSpec("region", bins=3))
    assert chart["x"]["kind"] == "category"
    assert [point["y"] for point in chart["points"]] == [2500, 2500, 2500, 92_500]
    assert chart["points"][3] == {"x": None, "other": True, "y": 92_500}
    largest = await points(engine, sales, "region", "n", "sum", bins=2)
    assert [point["x"] for point in largest] == ["r39", "r38", None]


async def test_a_color_splits_the_places(engine: Engine, sales: Run) -> None:
    found = await points(engine, sales, "few", None, "count", "kind", filters=(("few", "lt", "2"),))
    assert [(point["x"], point["color"]) for point in found] == [
        (0, "x"), (0, "y"), (0, None), (1, "x"), (1, "y"), (1, None),
    ]  # fmt: skip
    assert sum(point["y"] for point in found) == 20_000
    many = await points(engine, sales, "few", None, "count", "region", filters=(("few", "eq", "0"),))
    assert not [point for point in many if point.get("other_color") and point["color"] is not None]
    assert sum(point["y"] for point in many) == 10_000


async def test_rows_without_a_place_are_counted(engine: Engine, query: Query, sales: Run) -> None:
    chart = await engine.chart(sales.id, ChartSpec("gap"))
    assert chart["left_out"]["without_place"] == 20_000
    odd = await query("select unnest([1.0::double, 'nan', 'infinity', null]) as x, 1 as y")
    chart = await engine.chart(odd.id, ChartSpec("x", "y", "sum"))
    assert (chart["points"], chart["left_out"]["without_place"]) == ([{"x": 1.0, "y": 1.0}], 3)
    empty = await query("select 1 as x, 'a' as s where false")
    assert await points(engine, empty, "x") == await points(engine, empty, "s") == []


async def test_without_an_aggregate_the_points_are_rows_or_a_sample_of_them(engine: Engine, sales: Run) -> None:
    few = await engine.chart(sales.id, ChartSpec("n", "price", "none", "kind", filters=(("n", "lt", "4"),)))
    assert few["points"] == [
        {"x": 0, "color": "x", "y": "0.0"}, {"x": 1, "color": "y", "y": "0.5"},
        {"x": 2, "color": None, "y": "1.0"}, {"x": 3, "color": "x", "y": "1.5"},
    ]  # fmt: skip
    many = await engine.chart(sales.id, ChartSpec("n", "few", "none"))
    assert (len(many["points"]), many["left_out"]["by_sampling"]) == (5000, 95_000)
    assert [point["x"] for point in many["points"]] == sorted(point["x"] for point in many["points"])


async def test_what_cannot_be_drawn_is_refused(engine: Engine, sales: Run) -> None:
    for spec in (
        ChartSpec("no"),
        ChartSpec("n", "region", "sum"),
        ChartSpec("n", None, "avg"),
        ChartSpec("n", color="no"),
    ):
        with pytest.raises(EngineError) as caught:
            await engine.chart(sales.id, spec)
        assert caught.value.code == "query_binding"


def test_bins_are_round_and_never_more_than_asked_for() -> None:
    number, whole = axis_of("x", "DOUBLE"), axis_of("x", "BIGINT")
    assert number and whole
    for low, high, axis, width in (
        (0, 1, number, 0.02),
        (-3, 987, number, 20),
        (0, 60, whole, 2),
        (1e12, 1e12 + 51, whole, 2),
    ):
        scale = scale_of(axis, Overview(10**6, low, high), 50)
        assert scale.told["bin"] == {"width": width}
        assert scale.grid and scale.grid.start <= low
    century = scale_of(axis_of("d", "DATE") or number, Overview(10**6, -700_000, 2_900_000), 50)
    assert century.told["bin"] == {"unit": "year", "count": 100}
