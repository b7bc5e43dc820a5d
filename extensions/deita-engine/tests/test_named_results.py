"""Earlier results as tables of a statement: their types, their names, who sees them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from deita_engine.client import Engine, Run
from deita_engine.shapes import Draft, EngineError, QuerySpec

Query = Callable[..., Awaitable[Run]]
TYPES = """SELECT 1::HUGEINT AS h, 'a'::ENUM('a', 'b') AS e, uuid() AS u, '{"k": 1}'::JSON AS j, 1.5::DECIMAL(10,2),
    INTERVAL 1 DAY AS i, [1, 2]::INTEGER[2] AS f, {'x': 1::HUGEINT} AS s, MAP {'k': 1} AS m, NULL::DATE AS n"""


async def rows(engine: Engine, run: Run) -> bytes:
    assert run.state == "done", run.error
    return (await engine.page(run.id, 0, 100)).rows_json


async def test_a_statement_reads_earlier_results_by_their_names(engine: Engine, query: Query):
    big = await query("SELECT range AS n, range % 7 AS rest FROM range(100000)")
    small = await query("SELECT 3 AS rest, 'three' AS word")
    run = await query(
        "SELECT word, count(*) AS n FROM big JOIN Small USING (rest) GROUP BY word",
        results=(("Big", big.id), ("small", small.id)),
    )
    assert await rows(engine, run) == b'[["three",14286]]'
    assert (run.tables, run.columns[0].name) == ((), "word")


async def test_a_named_result_has_the_types_that_its_columns_had(query: Query):
    first = await query(TYPES)
    again = await query("FROM r", results=(("r", first.id),))
    assert [(column.name, column.type) for column in again.columns] == [
        (column.name, column.type) for column in first.columns
    ]


async def test_columns_of_one_name_are_told_apart(engine: Engine, query: Query):
    first = await query("SELECT 1 AS a, 2 AS a")
    assert await rows(engine, await query("SELECT a, a_2 FROM r", results=(("r", first.id),))) == b"[[1,2]]"


async def test_only_the_statement_that_asks_for_a_result_sees_it(query: Query):
    first = await query("SELECT 1 AS a")
    await query("FROM r", results=(("r", first.id),))
    with pytest.raises(EngineError) as caught:
        await query("FROM r")
    assert caught.value.code == "table_not_found"


async def test_statements_at_once_may_mean_different_results_by_one_name(engine: Engine, query: Query):
    made = [await query(f"SELECT {number} AS a") for number in range(8)]
    runs = await asyncio.gather(*(query("FROM r", results=(("r", run.id),)) for run in made))
    assert [await rows(engine, run) for run in runs] == [f"[[{number}]]".encode() for number in range(8)]


async def test_a_name_that_a_table_has_is_refused(query: Query):
    await query("CREATE TABLE pets AS SELECT 1 AS a", mode="write")
    first = await query("SELECT 2 AS a")
    with pytest.raises(EngineError) as caught:
        await query("FROM pets", results=(("Pets", first.id),))
    assert (caught.value.code, caught.value.details) == ("table_exists", {"result": "Pets"})


async def test_a_result_that_is_gone_is_refused(query: Query):
    with pytest.raises(EngineError) as caught:
        await query("FROM r", results=(("r", str(uuid.uuid4())),))
    assert caught.value.code == "result_expired"


async def test_a_plan_and_a_pivot_may_name_a_result(engine: Engine, query: Query):
    first = await query("SELECT 1 AS a, 'x' AS k UNION ALL SELECT 2, 'y'")
    named: dict[str, Any] = {"results": (("r", first.id),)}
    assert b"/" not in await rows(engine, await query("EXPLAIN SELECT sum(a) FROM r", **named))
    assert await rows(engine, await query("PIVOT r ON k USING first(a)", **named)) == b"[[1,2]]"
    assert (await query("SUMMARIZE r", **named)).rows == 2


async def test_a_statement_that_fails_leaves_nothing_behind(query: Query):
    first = await query("SELECT 'x' AS a")
    for _ in range(6):  # more often than there are connections
        run = await query("SELECT a::INTEGER FROM r", results=(("r", first.id),))
        assert run.state == "failed"
    assert (await query("FROM r", results=(("r", first.id),))).state == "done"


async def test_a_table_is_made_of_a_result_and_says_what_is_behind_it(engine: Engine, query: Query):
    first = await query("SELECT range AS n FROM range(5)")
    behind = ({"name": "numbers", "version": 1, "snapshot": 7},)
    named: dict[str, Any] = {"results": (("r", first.id),), "behind": behind, "mode": "write"}
    run = await query("CREATE TABLE kept AS SELECT sum(n) AS total FROM r", **named)
    assert run.state == "done" and run.commit and run.commit.source.receipt, run.error
    assert run.commit.source.receipt["tables"] == list(behind)
    assert run.commit.source.receipt["results"] == {"r": first.id}
    assert await rows(engine, await query("FROM kept")) == b"[[10]]"


@pytest.mark.parametrize(
    ("statement", "rows_then"),
    [
        ("INSERT INTO kept SELECT n, 'new' FROM late", b'[[1,"a"],[2,"b"],[2,"new"],[3,"new"]]'),
        ("UPDATE kept SET k = 'met' FROM Late WHERE late.n = kept.n", b'[[1,"a"],[2,"met"]]'),
        ("DELETE FROM kept USING late WHERE late.n = kept.n", b'[[1,"a"]]'),
        (
            "MERGE INTO kept USING late USING (n) WHEN MATCHED THEN UPDATE SET k = 'm'"
            " WHEN NOT MATCHED THEN INSERT VALUES (late.n, 'n')",
            b'[[1,"a"],[2,"m"],[3,"n"]]',
        ),
        ("CREATE OR REPLACE TABLE kept AS SELECT n, 'r' AS k FROM late", b'[[2,"r"],[3,"r"]]'),
    ],
)
async def test_what_changes_rows_reads_a_result(engine: Engine, query: Query, statement: str, rows_then: bytes):
    await query("CREATE TABLE kept AS SELECT 1::BIGINT AS n, 'a' AS k UNION ALL SELECT 2, 'b'", mode="write")
    first = await query("SELECT range AS n FROM range(2, 4)")
    behind = ({"name": "numbers", "version": 1, "snapshot": 7},)
    named: dict[str, Any] = {"results": (("late", first.id),), "behind": behind}
    draft = await engine.validate(Draft(statement, "write", results=named["results"]))
    assert draft.error is None and "late" not in draft.tables
    run = await query(statement, **named, mode="write")
    assert run.state == "done" and run.commit and run.commit.source.receipt, run.error
    assert run.commit.source.receipt["results"] == {"late": first.id}
    assert behind[0] in run.commit.source.receipt["tables"]
    assert await rows(engine, await query("FROM kept ORDER BY ALL")) == rows_then


async def test_a_view_cannot_read_a_result_and_says_why(engine: Engine, query: Query):
    await query("CREATE TABLE kept AS SELECT 1 AS n", mode="write")
    first = await query("SELECT 1 AS n")
    results = (("late", first.id),)
    draft = await engine.validate(Draft("CREATE VIEW v AS FROM Late", "write", results=results))
    with pytest.raises(EngineError) as caught:
        await query("CREATE VIEW v AS FROM Late", results=results, mode="write")
    for error in (draft.error, caught.value):
        assert error and (error.code, error.details) == ("not_allowed", {"result": "late"})
        assert "a view stays" in error.message and error.hint and "CREATE TABLE" in error.hint
    run = await query("CREATE VIEW v AS SELECT n AS late FROM kept", results=results, mode="write")
    assert run.state == "done"


@pytest.mark.parametrize("statement", ["ALTER TABLE kept RENAME COLUMN n TO late", "DROP TABLE kept"])
async def test_a_name_that_is_no_table_of_the_statement_is_in_nobodys_way(query: Query, statement: str):
    await query("CREATE TABLE kept AS SELECT 1 AS n", mode="write")
    first = await query("SELECT 1 AS n")
    assert (await query(statement, results=(("late", first.id),), mode="write")).commit


async def test_a_result_is_not_written_to(query: Query):
    first = await query("SELECT 1 AS n")
    with pytest.raises(EngineError) as caught:
        await query("INSERT INTO late VALUES (2)", results=(("late", first.id),), mode="write")
    assert caught.value.code == "table_not_found"


async def test_a_query_on_a_result_can_be_stopped(engine: Engine, query: Query):
    first = await query("SELECT range AS n FROM range(100000)")
    spec = QuerySpec(str(uuid.uuid4()), "SELECT count(*) FROM r a, r b WHERE a.n + b.n = -1", "me")
    run = await engine.run(QuerySpec(spec.id, spec.sql, spec.person, results=(("r", first.id),)))
    await run.cancel()
    assert run.state == "cancelled"
    assert await rows(engine, await query("SELECT count(*) FROM r", results=(("r", first.id),))) == b"[[100000]]"


async def test_the_same_statement_on_another_result_is_another_question(engine: Engine, query: Query):
    sql = "SELECT count(*) FROM big a, big b WHERE a.n * b.n % 97 = 1"
    first, second = [await query(f"SELECT range AS n FROM range({size})") for size in (4000, 4100)]
    answers = [await rows(engine, await query(sql, results=(("big", run.id),))) for run in (first, second, first)]
    assert answers[0] == answers[2] != answers[1]
