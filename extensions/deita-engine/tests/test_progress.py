"""A long statement says how far it is."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable

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
