"""A long statement says how far it is."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable

import pytest
from deita_engine.client import Engine, Run
from deita_engine.shapes import QuerySpec

from .processor import until

Query = Callable[..., Awaitable[Run]]


async def test_a_table_in_the_making_tells_how_much_it_has_read(engine: Engine, query: Query) -> None:
    await query("create table numbers as select range as n from range(3000000)", mode="write")
    slow = "create table found as from numbers where regexp_matches(repeat('ab', 20000) || n, '(a|b)*c$')"
    run = await engine.run(QuerySpec(str(uuid.uuid4()), slow, "me", mode="write"))
    await until(lambda: run.progress > 0)
    assert run.state == "running" and run.progress < 1
    await run.cancel()


SLOW = "regexp_matches(repeat('ab', 20000) || n, '(a|b)*c$')"


@pytest.mark.parametrize(
    "statement",
    [
        f"insert into others select n from numbers where {SLOW}",
        f"update numbers set n = n + 1 where {SLOW}",
        f"delete from numbers where {SLOW}",
        f"merge into others o using (select n from numbers where {SLOW}) m on o.n = m.n when not matched then insert",
    ],
)
async def test_a_change_of_rows_tells_how_much_it_has_read(engine: Engine, query: Query, statement: str) -> None:
    await query("create table numbers as select range as n from range(3000000)", mode="write")
    await query("create table others as select 1::bigint as n", mode="write")
    run = await engine.run(QuerySpec(str(uuid.uuid4()), statement, "me", mode="write"))
    await until(lambda: run.progress > 0)
    assert run.state == "running" and run.progress < 1
    await run.cancel()
    assert run.state == "cancelled"


async def test_a_statement_tells_how_much_of_a_table_it_has_read(engine: Engine, query: Query) -> None:
    await query("create table numbers as select range as n from range(3000000)", mode="write")
    slow = "select count(*) from numbers where regexp_matches(repeat('ab', 20000) || n, '(a|b)*c$')"
    run = await engine.run(QuerySpec(str(uuid.uuid4()), slow, "me"))
    await until(lambda: run.progress > 0)
    assert run.state == "running" and run.progress < 1
    seen = run.progress
    await until(lambda: run.progress > seen)
    await run.cancel()
    quick = await query("select count(*) from numbers")
    assert quick.progress == 1
