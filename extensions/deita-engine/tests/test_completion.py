from __future__ import annotations

from collections.abc import Awaitable, Callable

from deita_engine.client import Engine, Run

Query = Callable[..., Awaitable[Run]]


async def labels(engine: Engine, sql: str) -> list[str]:
    position = sql.index("|")
    return [item.label for item in (await engine.complete(sql.replace("|", ""), position)).items]


async def test_what_fits_at_the_cursor_is_offered(engine: Engine, query: Query) -> None:
    await query("""create table sales as select 1 as amount, 'x' as "Odd Name", 2 as region""", mode="write")
    assert (await labels(engine, "select * from sa|"))[0] == "sales"
    assert (await labels(engine, "select am| from sales"))[0] == "amount"
    assert set(await labels(engine, "select s.| from sales s")) == {"amount", '"Odd Name"', "region"}
    assert "SELECT" in await labels(engine, "sel|")
    assert "count" in await labels(engine, "select cou|")
    assert not [label for label in await labels(engine, "select read|") if label.startswith("read_")]
    found = await engine.complete("select re from sales", 9)
    assert (found.start, found.end, found.items[0].label, found.items[0].kind) == (7, 9, "region", "column")
