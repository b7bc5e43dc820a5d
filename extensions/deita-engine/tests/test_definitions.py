"""A write that does not fit what is there is refused, and who validates it is told the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from deita_engine.client import Engine, Run
from deita_engine.shapes import Draft, EngineError

from .safety_corpus import sections

Query = Callable[..., Awaitable[Run]]
TABLES = (
    "create table t as select 1 as a, 2 as b",
    "create table u as select 1 as a, 5 as b",
    "create view v as select a from u",
)


def said(error: EngineError | None) -> tuple[object, ...]:
    return (error.code, error.message, error.hint) if error else ()


@pytest.fixture
async def tables(query: Query) -> None:
    for sql in TABLES:
        assert (await query(sql, mode="write")).state == "done"


@pytest.mark.usefixtures("tables")
async def test_what_is_refused_is_refused_by_validation_too(engine: Engine, query: Query) -> None:
    wrong = []
    before = len(await engine.commits())
    for code, sql in sections("refused_writes.txt"):
        told = (await engine.validate(Draft(sql, "write"))).error
        try:
            run = await query(sql, mode="write")
        except EngineError as error:
            if said(error) != said(told) or error.code != code:
                wrong.append((sql, said(error), said(told)))
        else:
            wrong.append((sql, run.state, run.error, told))
    assert not wrong, "\n".join(map(str, wrong))
    assert len(await engine.commits()) == before


@pytest.mark.parametrize(
    "sql",
    [
        "insert into t default values",
        "create table if not exists t as select nope",
        "create or replace view v as select b from t join u using (b)",
        "create view w (x, y) as from t",
        "create table k (a int not null default 1, b varchar default 'x', c struct(x int), d json, e hugeint)",
        "create or replace table t (x int)",
        "alter table t add column c int default 3",
        "alter table if exists t drop column a",
        "comment on column t.a is 'first'",
        "drop view if exists nope",
    ],
)
@pytest.mark.usefixtures("tables")
async def test_what_runs_is_valid(engine: Engine, query: Query, sql: str) -> None:
    assert (await engine.validate(Draft(sql, "write"))).error is None
    assert (await query(sql, mode="write")).state == "done"


@pytest.mark.usefixtures("tables")
async def test_many_validate_the_same_definition_at_once(engine: Engine) -> None:
    found = await asyncio.gather(*(engine.validate(Draft("create table k (a int)", "write")) for _ in range(20)))
    assert [one.error for one in found] == [None] * 20
