"""A statement that was asked before is not judged and bound again, and yet is what it would be if it were."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from deita_engine.client import Engine, Run
from deita_engine.shapes import EngineError

Query = Callable[..., Awaitable[Run]]


def shown(run: Run) -> tuple[list[str], list[list[Any]]]:
    assert run.error is None
    return [column.type for column in run.columns], json.loads(run.first_page or b"")


async def test_columns_follow_the_types_of_the_parameters(query: Query) -> None:
    for _ in range(2):
        for value, kind in (
            (1, "INTEGER"),
            (2**31, "BIGINT"),
            (-(2**31), "INTEGER"),
            (1.5, "DOUBLE"),
            (True, "BOOLEAN"),
        ):
            assert shown(await query("select $a as a", params={"a": value})) == ([kind], [[value]])
        assert shown(await query("select $a as a", params={"a": "x"})) == (["VARCHAR"], [["x"]])
        typed = await query("select $a as a", params={"a": "2024-01-01"}, types={"a": "DATE"})
        assert shown(typed) == (["DATE"], [["2024-01-01"]])
        assert shown(await query("select $a as a", params={"a": [1, 2]})) == (["INTEGER[]"], [[[1, 2]]])
        assert shown(await query("select $a as a", params={"a": 2**64}))[0] == ["HUGEINT"]


async def test_columns_follow_the_tables(engine: Engine, query: Query) -> None:
    await query("create table t as select 1 as a", mode="write")
    await query("create view v as select a from t", mode="write")
    for _ in range(2):
        assert shown(await query("from v")) == (["INTEGER"], [[1]])
    await query("create or replace table t as select 'x' as a", mode="write")
    again = await query("from v")
    assert shown(again) == (["VARCHAR"], [["x"]])
    assert set(again.tables) == {"t", "v"}
    await query("drop view v", mode="write")
    with pytest.raises(EngineError) as caught:
        await query("from v")
    assert caught.value.code == "table_not_found"


async def test_what_is_refused_is_refused_again(query: Query) -> None:
    for sql, code in (
        ("select 1 +", "query_syntax"),
        ("from read_csv('/etc/passwd')", "not_allowed"),
        ("from nothing", "table_not_found"),
    ):
        for _ in range(2):
            with pytest.raises(EngineError) as caught:
                await query(sql)
            assert caught.value.code == code


@pytest.mark.parametrize("bad", [-1, 2**63, 1.5, "x"], ids=str)
@pytest.mark.parametrize("sql", ["from range(5) limit $n", "from range(5) offset ($N + 0)"], ids=["limit", "offset"])
async def test_a_limit_that_is_none_is_refused_also_after_a_good_one(query: Query, sql: str, bad: Any) -> None:
    async def outcome(value: Any) -> tuple[str, Any]:
        try:
            run = await query(sql, params={"n": value})
        except EngineError as error:
            return "refused", (error.code, error.message)
        return run.state, run.error.code if run.error else run.first_page

    first = await outcome(bad)
    good = await outcome(2)
    assert good[0] == "done"
    assert await outcome(bad) == first
    assert await outcome(2) == good


async def test_a_named_result_is_bound_each_time(query: Query) -> None:
    numbers, texts = await query("select 1 as a"), await query("select 'x' as a")
    for result, found in ((numbers, (["INTEGER"], [[1]])), (texts, (["VARCHAR"], [["x"]]))):
        assert shown(await query("from earlier", results=(("earlier", result.id),))) == found
