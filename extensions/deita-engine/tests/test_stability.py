from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from deita_engine.client import Engine, Run
from deita_engine.shapes import EngineError

Query = Callable[..., Awaitable[Run]]

STABLE = [
    'SELECT age, "random", today FROM people -- now()',
    "SELECT 'now()' AS word, sum(age) OVER (ORDER BY age) FROM people",
    "PIVOT people ON age USING count(*)",
]
NOT_STABLE = [
    "SELECT now()",
    'SELECT *, "random"() FROM people',
    "SELECT current_date",
    "FROM (SELECT CURRENT_TIMESTAMP)",
    "SELECT age(DATE '2000-01-01')",
    "SELECT uuid()",
    "FROM people USING SAMPLE 10%",
    "SELECT * FROM people TABLESAMPLE 10%",
    "SELECT today() - 1",
    "FROM of_today",
    "FROM over_of_today",
]


@pytest.fixture
async def people(query: Query) -> None:
    for sql in (
        'CREATE TABLE people AS SELECT 1 AS age, 2 AS "random", 3 AS today',
        "CREATE TABLE other AS SELECT 1 AS n",
        "CREATE VIEW plain AS SELECT age FROM people",
        "CREATE VIEW of_today AS SELECT *, today() AS day FROM people",
        "CREATE VIEW over_of_today AS SELECT day FROM of_today",
    ):
        assert (await query(sql, mode="write")).state == "done"


@pytest.mark.usefixtures("people")
async def test_only_a_clock_chance_or_a_sample_makes_an_answer_differ(engine: Engine) -> None:
    for sql in (*STABLE, *NOT_STABLE):
        assert (await engine.reads(sql)).stable == (sql in STABLE), sql


@pytest.mark.usefixtures("people")
async def test_an_answer_depends_on_the_tables_under_views(engine: Engine) -> None:
    assert (await engine.reads("FROM plain, other")).tables == ("plain", "other", "people")
    assert (await engine.reads("SELECT 1")).tables == ()


async def test_what_may_not_run_depends_on_nothing(engine: Engine) -> None:
    with pytest.raises(EngineError) as caught:
        await engine.reads("SELECT * FROM read_csv('/etc/passwd')")
    assert caught.value.code == "not_allowed"
