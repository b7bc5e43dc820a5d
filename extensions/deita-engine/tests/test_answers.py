from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deita_engine.answers import KEPT, WORTH_MS, Answer, Answers, _without_blanks
from deita_engine.catalog import Snapshot
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.guard import Judged
from deita_engine.results import Spool
from deita_engine.shapes import Evidence, QuerySpec
from deita_engine.stability import Stability

Query = Callable[..., Awaitable[Run]]
SLOW = "select sum(hash(a.range, b.range)::double) as s, count(*) as n, max(v) from range(5000) a, range(4000) b, kept"


@pytest.fixture
async def kept(query: Query) -> None:
    assert (await query("create table kept as select 1 as v", mode="write")).error is None
    assert (await query("create table other as select 1 as v", mode="write")).error is None
    assert (await query("create view seen as select v from kept", mode="write")).error is None


@pytest.mark.usefixtures("kept")
async def test_the_same_statement_over_the_same_rows_is_answered_from_the_spool(
    config: EngineConfig, engine: Engine, query: Query
) -> None:
    first = await query(SLOW)
    assert (first.from_cache, first.elapsed_ms > WORTH_MS) == (None, True)
    again = await query(f"  {SLOW.replace(' from', chr(10) + '    from')} ;")
    assert (again.from_cache, again.first_page, again.columns, again.rows) == (
        first.id, first.first_page, first.columns, first.rows,
    )  # fmt: skip
    assert (again.snapshot, again.tables, again.evidence.result_hash) == (
        first.snapshot, ("kept",), first.evidence.result_hash,
    )  # fmt: skip
    assert again.evidence.cost.cpu_ms is None
    config.spool.joinpath(f"{first.id}.arrow").unlink()
    assert json.loads((await engine.page(again.id, 0, 1)).rows_json)
    assert (await query(SLOW)).from_cache is None


@pytest.mark.usefixtures("kept")
async def test_a_commit_to_a_table_that_was_read_makes_it_run_again(query: Query) -> None:
    first = await query(SLOW)
    await query("insert into other values (2)", mode="write")
    assert (await query(SLOW)).from_cache == first.id
    await query("insert into kept values (2)", mode="write")
    changed = await query(SLOW)
    assert (changed.from_cache, json.loads(changed.first_page or b"")[0][2]) == (None, 2)
    past = await query(SLOW, snapshot=first.snapshot)
    assert (past.from_cache, past.first_page) == (first.id, first.first_page)
    await query("delete from kept where v = 2", mode="write")
    assert json.loads((await query(SLOW)).first_page or b"")[0][2] == 1


@pytest.mark.usefixtures("kept")
async def test_a_view_depends_on_its_tables_and_its_own_words(query: Query) -> None:
    sql = SLOW.replace("kept", "seen")
    first = await query(sql)
    assert (await query(sql)).from_cache == first.id
    await query("insert into kept values (5)", mode="write")
    assert json.loads((await query(sql)).first_page or b"")[0][2] == 5
    await query("create or replace view seen as select v + 10 as v from kept", mode="write")
    assert json.loads((await query(sql)).first_page or b"")[0][2] == 15


@pytest.mark.usefixtures("kept")
async def test_parameters_limits_and_words_make_other_answers(query: Query) -> None:
    sql = f"select $x as x, s.* from ({SLOW}) s"
    first = await query(sql, params={"x": 1})
    assert (await query(sql, params={"x": 1})).from_cache == first.id
    one: dict[str, Any] = {"params": {"x": 1}}
    for other in ({"params": {"x": 2}}, {"params": {"x": "1"}}, {"params": {"x": True}}, {**one, "limit": 0}):
        assert (await query(sql, **other)).from_cache is None
    assert (await query(sql, params={"x": 1}, types={"x": "DOUBLE"})).from_cache is None
    assert (await query(sql, params={"x": 1}, cache=False)).from_cache is None


@pytest.mark.usefixtures("kept")
async def test_what_may_differ_each_time_is_run_each_time(query: Query) -> None:
    clocks = ("now()", "current_date", "current_localtimestamp()", "age(timestamp '2020-01-01')")
    for what in ("random()", "uuid()", *clocks):
        sql = f"select {what}, s.* from ({SLOW}) s"
        assert [((run := await query(sql)).state, run.from_cache) for _ in range(2)] == [("done", None)] * 2, what


@pytest.mark.usefixtures("kept")
async def test_samples_plans_and_short_statements_are_run_each_time(query: Query) -> None:
    for sql in (f"{SLOW} using sample 50%", "select 1", f"explain analyze {SLOW}"):
        assert [(await query(sql)).from_cache for _ in range(2)] == [None, None], sql


def test_only_so_many_answers_are_kept(tmp_path: Path) -> None:
    answers = Answers(Spool(tmp_path, 1000), Stability(duckdb.connect()))
    snapshot, evidence = Snapshot(1, (), (), "s1"), Evidence()
    specs = [QuerySpec(str(uuid.uuid4()), f"select {number}", "me") for number in range(KEPT + 1)]
    for spec in specs:
        tmp_path.joinpath(f"{spec.id}.arrow").touch()
        judged = Judged("SELECT", spec.sql, serialisable=True)
        answers.keep(spec, judged, snapshot, Answer(spec.id, (), 0, False, evidence, WORTH_MS))
    found = [answers.again(replace(spec, id=str(uuid.uuid4())), (), snapshot) for spec in specs]
    assert [answer is None for answer in found] == [True] + [False] * KEPT


def test_only_blanks_make_no_difference() -> None:
    same = ["select a>=1, 'x  y' from t", "select  a>=1,\n'x  y'  \nfrom t;", "select a>=1, 'x  y'\tfrom t ;"]
    assert len({_without_blanks(sql) for sql in same}) == 1
    others = [*same[:1], "select a> =1, 'x  y' from t", "select a>=1, 'x y' from t", "select A>=1, 'x  y' from t"]
    others += ["select 1 -- a\n, 2", "select 1 -- a , 2", "select 1 /* a */, 2", "select 1 , 2"]
    assert len({_without_blanks(sql) for sql in others}) == len(others)
