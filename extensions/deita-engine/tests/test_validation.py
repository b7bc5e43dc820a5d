from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from deita_engine.client import Engine, Run
from deita_engine.shapes import Column, Draft, Parameter

Query = Callable[..., Awaitable[Run]]


@pytest.fixture
async def sales(query: Query) -> None:
    sql = "create table sales as select 1 as amount, 'x' as region, date '2024-01-01' as day, [1, 2] as parts"
    assert (await query(sql, mode="write")).state == "done"


async def types(engine: Engine, sql: str, **params: Any) -> dict[str, str | None]:
    found = await engine.validate(Draft(sql, params=params))
    assert found.error is None
    return {parameter.name: parameter.type for parameter in found.parameters}


@pytest.mark.usefixtures("sales")
async def test_a_statement_is_bound_and_not_run(engine: Engine) -> None:
    found = await engine.validate(Draft("select region, sum(amount) as total from sales group by all -- $not"))
    assert (found.error, found.statement_type, found.tables, found.parameters) == (None, "SELECT", ("sales",), ())
    assert [(c.name, c.type) for c in found.columns or ()] == [("region", "VARCHAR"), ("total", "HUGEINT")]
    endless = "select count(*) from range(10000000000) a, range(10000000000) b"
    assert (await engine.validate(Draft(endless))).error is None


@pytest.mark.usefixtures("sales")
async def test_parameters_have_the_types_that_their_places_ask_for(engine: Engine) -> None:
    sql = "from sales where amount > $low and day between $since and $until and list_contains(parts, $part) limit $n"
    assert await types(engine, sql) == {
        "low": "INTEGER", "since": "DATE", "until": "DATE", "part": "INTEGER", "n": "BIGINT",
    }  # fmt: skip
    assert await types(engine, "select $x + 1, $z, $d::decimal(10, 2) as d, 'a$no' as s") == {
        "x": None, "z": None, "d": "DECIMAL(10,2)",
    }  # fmt: skip
    found = await engine.validate(Draft("select $x + 1 as y", params={"x": 1}, types={"x": "DOUBLE"}))
    assert [column.type for column in found.columns or ()] == ["DOUBLE"]
    assert await types(engine, "select * from sales where parts = $list") == {"list": "INTEGER[]"}
    assert await types(engine, "from sales where amount = $a or region = $a") == {"a": None}
    assert (await types(engine, "from sales where amount > $a and region in $b limit $c"))["a"] == "INTEGER"


@pytest.mark.usefixtures("sales")
async def test_what_is_wrong_is_told_with_its_place(engine: Engine) -> None:
    async def refused(sql: str, **options: Any) -> tuple[str, int | None, int | None]:
        error = (await engine.validate(Draft(sql, **options))).error
        assert error
        return error.code, error.details.get("line"), error.details.get("column")

    assert await refused("select\n  nope from sales") == ("query_binding", 2, 3)
    assert await refused("selec 1") == ("query_syntax", 1, 1)
    assert (await refused("from nowhere"))[0] == "table_not_found"
    assert (await refused("select * from read_csv('/etc/passwd')"))[0] == "not_allowed"
    assert (await refused("drop table sales"))[0] == "write_mode_required"
    assert (await refused("select 1; select 2"))[0] == "multiple_statements"
    assert (await refused("create table sales as select 1", mode="write"))[0] == "table_exists"
    assert await refused("create table t2 as\nselect nope\nfrom sales", mode="write") == ("query_binding", 2, 8)
    assert (await refused("insert into nowhere select 1", mode="write"))[0] == "table_not_found"


@pytest.mark.usefixtures("sales")
async def test_a_write_is_judged_and_its_query_bound(engine: Engine) -> None:
    found = await engine.validate(Draft("insert into sales select * from sales where amount = $a", "write"))
    assert (found.error, found.statement_type, found.columns) == (None, "INSERT", None)
    assert found.parameters == (Parameter("a", "INTEGER"),)
    assert found.tables == ("sales",)


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        ("insert into sales (region, amount) values ($r, $a)", {"r": None, "a": None}),
        ("update main.sales set amount = $a where region = $r", {"a": None, "r": None}),
        ("delete from sales where region = $r", {"r": None}),
        (
            "insert into sales (amount) select amount from sales where region = $r limit $n",
            {"r": "VARCHAR", "n": "BIGINT"},
        ),
        (
            "merge into sales using (select $r as region) as s using (region) when matched then delete",
            {"r": None},
        ),
    ],
)
@pytest.mark.usefixtures("sales")
async def test_parameters_of_a_write_are_bound(engine: Engine, sql: str, parameters: dict[str, str | None]) -> None:
    found = await engine.validate(Draft(sql, "write"))
    assert found.error is None, found.error.message
    assert {one.name: one.type for one in found.parameters} == parameters


@pytest.mark.parametrize(
    ("sql", "params", "code"),
    [
        ("insert into sales (amount) values ($a)", {"a": "much"}, "query_failed"),
        ("insert into sales (amount) values ($a, 2)", {}, "query_binding"),
        ("insert into sales (nope) values (1)", {}, "query_binding"),
        ("update sales set nope = 1", {}, "query_binding"),
        ("delete from sales where nope", {}, "query_binding"),
        ("merge into sales using sales as s on nope when matched then delete", {}, "query_binding"),
    ],
)
@pytest.mark.usefixtures("sales")
async def test_a_write_that_does_not_fit_its_table_is_told(
    engine: Engine, sql: str, params: dict[str, Any], code: str
) -> None:
    error = (await engine.validate(Draft(sql, "write", params))).error
    assert error and error.code == code


async def test_a_read_of_a_result_is_validated(engine: Engine, query: Query) -> None:
    first = await query("select 1 as a, 'x' as k")
    results = (("late", first.id),)
    found = await engine.validate(Draft("select k from late where a = $a", results=results, plan="text"))
    assert (found.error, found.tables, found.columns) == (None, (), (Column("k", "VARCHAR"),))
    assert found.parameters == (Parameter("a", "INTEGER"),)
    error = (await engine.validate(Draft("from late"))).error
    assert error and error.code == "table_not_found"


@pytest.mark.usefixtures("sales")
async def test_a_plan_is_made_when_asked_for_and_names_no_file(engine: Engine) -> None:
    sql = "select region, count(*) from sales where amount >= $a group by all"
    assert (await engine.validate(Draft(sql))).plan is None
    text = (await engine.validate(Draft(sql, params={"a": 1}, plan="text"))).plan
    tree = (await engine.validate(Draft(sql, params={"a": 1}, plan="json"))).plan
    assert "READ_PARQUET" in text
    assert tree[0]["children"]
    for plan in (text, json.dumps(tree)):
        assert ".parquet" not in plan
        assert "/lake" not in plan


async def test_what_only_running_tells_has_no_columns(engine: Engine) -> None:
    found = await engine.validate(Draft("pivot (select 1 as a, 2 as b) on a using sum(b)"))
    assert (found.error, found.columns, found.statement_type) == (None, None, "SELECT")
    assert (await engine.validate(Draft("explain select 1"))).statement_type == "EXPLAIN"


FRIENDLY = [
    "select a,b, count(*) as n -- rows\nfrom t join u using (id) where x=$year and y in (select z from w) group by all",
    "with a as (select 1 as x), b as (from a select x*2 as y /* two */) select * from b qualify row_number() over ()=1",
    "from flights select carrier, avg(dep_delay) filter (where month=$month) group by all",
    "SELECT [x*2 for x in l if x>1], list_filter(l, lambda x: x>1), {'k': v}, MAP {'a': 1}, s.f.g, 'it''s' FROM t",
    'select * exclude (a) replace (b+1 as b) from "Odd Table" union all by name select 1::DECIMAL(5,2)',
    "pivot t on k using sum( v ) group by g",
    "SUMMARIZE flights",
]


async def test_a_statement_laid_out_keeps_its_meaning_and_its_comments(engine: Engine) -> None:
    for sql in FRIENDLY:
        found = await engine.format(sql)
        assert found.reason is None, found
        assert found.sql != sql
        assert all(comment in found.sql for comment in ("-- rows", "/* two */") if comment in sql)
        assert (await engine.format(found.sql)).reason == "It is laid out already."


async def test_what_cannot_be_laid_out_stays_as_it_was(engine: Engine) -> None:
    for sql in ("selec 1", "select '{% if %}' from", "select 1 +", f"select {'1,' * 30_000} 1"):
        found = await engine.format(sql)
        assert found.sql == sql
        assert found.reason
