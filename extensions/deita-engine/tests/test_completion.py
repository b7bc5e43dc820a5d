from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import pytest
from deita_engine.client import Engine, Run
from deita_engine.shapes import Completion

Query = Callable[..., Awaitable[Run]]


@pytest.fixture
async def shop(query: Query) -> None:
    sales = """create table sales as select 1 as amount, 'x' as "Odd Name", 2 as region_id,
               {'street': 'a', 'at': {'lat': 1.5, 'long': 2.5}} as place, [1, 2] as parts"""
    for sql in (sales, "create table regions as select 2 as region_id, 'north' as region"):
        assert (await query(sql, mode="write")).error is None
    assert (await query("create view big as select amount as size from sales", mode="write")).error is None


async def offered(engine: Engine, sql: str) -> list[Completion]:
    position = sql.index("|")
    return list((await engine.complete(sql.replace("|", ""), position)).items)


async def labels(engine: Engine, sql: str) -> list[str]:
    return [item.label for item in await offered(engine, sql)]


@pytest.mark.usefixtures("shop")
async def test_what_fits_at_the_cursor_is_offered(engine: Engine) -> None:
    assert (await labels(engine, "select * from sa|"))[0] == "sales"
    assert (await labels(engine, "select am| from sales"))[0] == "amount"
    assert "SELECT" in await labels(engine, "sel|")
    assert "count" in await labels(engine, "select cou|")
    assert not [label for label in await labels(engine, "select read|") if label.startswith("read_")]
    found = await engine.complete("select re from sales", 9)
    assert (found.start, found.end, found.items[0].label, found.items[0].kind) == (7, 9, "region_id", "column")
    assert (await labels(engine, "select si| from big"))[0] == "size"
    assert await labels(engine, "select 'am| ount' from sales") == []


@pytest.mark.usefixtures("shop")
async def test_after_an_alias_stand_its_columns_and_after_a_struct_its_fields(engine: Engine) -> None:
    own = {"amount", '"Odd Name"', "region_id", "place", "parts"}
    assert set(await labels(engine, "select s.| from sales s")) == own
    assert set(await labels(engine, "select s.| from sales as s join regions r using (region_id)")) == own
    assert set(await labels(engine, "select r.re| from sales as s, regions r")) == {"region_id", "region"}
    assert set(await labels(engine, "select sales.|")) == own
    assert await labels(engine, "select s.place.| from sales s") == ["street", "at"]
    assert await labels(engine, "select place.at.l| from sales") == ["lat", "long"]
    assert await labels(engine, "select nothing.| from sales") == []
    assert await labels(engine, 'select "Odd| from sales') == ['"Odd Name"']


@pytest.mark.usefixtures("shop")
async def test_expressions_and_subqueries_have_the_columns_that_the_binder_finds(engine: Engine) -> None:
    with_two = (
        "with a as (select amount as first from sales), b as (select first + 1 as second from a) select {} from {}"
    )
    assert (await labels(engine, with_two.format("sec|", "b")))[0] == "second"
    assert (await labels(engine, with_two.format("1", "b|")))[0] == "b"
    assert (await labels(engine, with_two.format("x.|", "a x"))) == ["first"]
    assert (await labels(engine, "select t.| from (select amount * 2 as double from sales) t")) == ["double"]
    inside = "with a as (select amount as first from sales), b as (select fi| from a"
    assert (await labels(engine, inside))[0] == "first"
    outer = "select * from sales s where exists (select 1 from regions r where r.region_id = s.am|)"
    assert (await labels(engine, outer)) == ["amount"]
    assert (await labels(engine, "select x.| from (select * from read_csv('/etc/passwd')) x")) == []
    both = "select amount from sales union all select reg| from regions"
    assert (await labels(engine, both))[:2] == ["region_id", "region"]


@pytest.mark.usefixtures("shop")
async def test_joins_are_completed_by_the_columns_in_common(engine: Engine) -> None:
    using = "select * from sales s join regions r using (|)"
    assert (await labels(engine, using))[0] == "region_id"
    on = await offered(engine, "select * from sales s join regions r on |")
    assert (on[0].label, on[0].kind) == ("s.region_id = r.region_id", "join")
    assert (await labels(engine, "select * from sales s join reg|"))[0] == "regions"
    assert (await labels(engine, "select * from sales, reg|"))[0] == "regions"
    aliases = [item.label for item in await offered(engine, "select * from sales s join regions r on r|")]
    assert "r" in aliases


async def test_functions_say_how_they_are_called(engine: Engine) -> None:
    functions = {item.label: item.detail for item in await offered(engine, "select date_|")}
    assert functions["date_trunc"].startswith("(part VARCHAR, timestamp ")
    assert "→ " in functions["date_diff"]
    assert "aggregate" in next(item.detail for item in await offered(engine, "select string_ag|"))


@pytest.mark.usefixtures("shop")
async def test_completion_is_quick(engine: Engine) -> None:
    sql = "with a as (select amount as first from sales) select a.fi| from a join (select * from big) b on true"
    await labels(engine, sql)
    took = []
    for _ in range(40):
        begin = time.perf_counter()
        assert await labels(engine, sql) == ["first"]
        took.append(time.perf_counter() - begin)
    assert sorted(took)[20] < 0.1, "the median; 5 ms where nothing else runs"
