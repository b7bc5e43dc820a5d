from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import duckdb
import pytest
from deita_engine.client import Run

Query = Callable[..., Awaitable[Run]]
Load = Callable[..., Awaitable[Run]]
TABLE = """create table t as select 1::bigint as n, 1.5::double as x, 7::integer as small, 'a'::varchar as word,
           timestamp '2026-01-01 10:00:00' as moment, 12.50::decimal(9, 2) as price"""


async def appended(load: Load, query: Query, path: Path, text: str) -> Run:
    assert (await query(TABLE, mode="write")).state == "done"
    path.write_text(text)
    return await load(path, "t", mode="append")


async def test_columns_come_in_any_order_and_take_types_that_lose_nothing(
    load: Load, query: Query, tmp_path: Path
) -> None:
    text = "price,moment,word,small,x,n\n3,2026-02-03,007,42,2,5\n4.25,2026-02-04,8.50,43,3,6\n"
    run = await appended(load, query, tmp_path / "f.csv", text)
    assert run.state == "done", run.error and run.error.message
    assert run.commit
    assert run.commit.rows == 3
    assert "small taken as INTEGER (read as BIGINT)" in run.commit.message
    found = await query("select n, x, small, word, moment, price from t where n > 1 order by n")
    assert json.loads(found.first_page or b"") == [
        [5, 2.0, 42, "007", "2026-02-03T00:00:00", "3.00"],
        [6, 3.0, 43, "8.50", "2026-02-04T00:00:00", "4.25"],
    ]
    recipe = run.commit.source.recipe
    assert recipe
    assert recipe["columns"]["small"] == "INTEGER"
    assert (await query("select typeof(small), typeof(price) from t limit 1")).first_page == (
        b'[["INTEGER","DECIMAL(9,2)"]]'
    )


async def test_text_stands_in_the_table_as_it_stood_in_the_file(load: Load, query: Query, tmp_path: Path) -> None:
    await query("create table t as select 'x1' as code", mode="write")
    file = tmp_path / "codes.csv"
    file.write_text("code\n1.50\n2.00\n")
    run = await load(file, "t", mode="append")
    assert run.state == "done", run.error and run.error.message
    assert (await query("select code from t order by code")).first_page == b'[["1.50"],["2.00"],["x1"]]'


async def test_parquet_is_fitted_like_text(load: Load, query: Query, tmp_path: Path) -> None:
    await query("create table t as select 'x1' as code, 1::bigint as n", mode="write")
    file = tmp_path / "f.parquet"
    duckdb.sql(f"copy (select 7::smallint as n, 42 as code) to '{file}'")
    run = await load(file, "t", mode="append")
    assert run.state == "done", run.error and run.error.message
    assert (await query("select code, n from t where n = 7")).first_page == b'[["42",7]]'


@pytest.mark.parametrize(
    ("row", "column", "example"),
    [
        ("1,1.5,99999999999,a,2026-01-01 10:00:00,1.5", "small", "99999999999"),
        ("1.25,1.5,7,a,2026-01-01 10:00:00,1.5", "n", "1.25"),
        ("one,1.5,7,a,2026-01-01 10:00:00,1.5", "n", "one"),
        ("1,1.5,7,a,2026-01-01 10:00:00,1.555", "price", "1.555"),
        ("true,1.5,7,a,2026-01-01 10:00:00,1.5", "n", "true"),
    ],
)
async def test_a_value_that_would_lose_something_is_named(
    load: Load, query: Query, tmp_path: Path, row: str, column: str, example: str
) -> None:
    run = await appended(load, query, tmp_path / "f.csv", f"n,x,small,word,moment,price\n{row}\n{row}\n")
    assert run.state == "failed"
    assert run.error
    assert (run.error.code, run.error.details["types"][column]["example"]) == ("column_mismatch", example)
    assert (await query("select count(*) from t")).first_page == b"[[1]]"


async def test_missing_and_unknown_columns_are_named(load: Load, query: Query, tmp_path: Path) -> None:
    run = await appended(load, query, tmp_path / "f.csv", "n,x,small,word,moment,cost\n1,1,1,a,2026-01-01,2\n")
    assert run.error
    assert (run.error.details["missing"], run.error.details["unknown"]) == (["price"], ["cost"])
    assert "missing price; unknown cost" in run.error.message


async def test_a_column_without_values_fits_everywhere(load: Load, query: Query, tmp_path: Path) -> None:
    run = await appended(load, query, tmp_path / "f.csv", "n,x,small,word,moment,price\n5,,,,,\n6,,,,,\n")
    assert run.state == "done", run.error and run.error.message
    assert (await query("select count(*), count(small), count(moment) from t")).first_page == b"[[3,1,1]]"
