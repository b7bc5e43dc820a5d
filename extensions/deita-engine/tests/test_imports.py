from __future__ import annotations

import gzip
import hashlib
import json
import os
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import ImportSpec

Query = Callable[..., Awaitable[Run]]
Load = Callable[..., Awaitable[Run]]


async def rows(query: Query, sql: str) -> list[list[object]]:
    run = await query(sql)
    assert run.state == "done", run.error
    return list(json.loads(run.first_page or b""))


def written(folder: Path, name: str, text: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


async def test_the_five_tables_of_nycflights_have_the_known_numbers(load: Load, query: Query, nycflights: Path) -> None:
    for name in ("airlines", "airports", "planes", "weather", "flights"):
        run = await load(nycflights / f"{name}.csv", name)
        assert (run.state, run.reject_count, run.progress) == ("done", 0, 1.0)
        assert run.commit
        assert run.commit.rows == run.rows
    assert run.recipe
    assert run.recipe["columns"]["dep_delay"] == "BIGINT"
    needing = ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time")
    assert run.recipe["null_words"] == {label: ["", "NA"] for label in needing}
    top = "select carrier, count(*) from flights group by 1 order by 2 desc limit 5"
    assert await rows(query, top) == [["UA", 58665], ["B6", 54635], ["EV", 54173], ["DL", 48110], ["AA", 32729]]
    join = """select count(*) from flights join airlines using (carrier) join planes using (tailnum)
              join weather w on w.origin = flights.origin and w.time_hour = flights.time_hour"""
    assert (await rows(query, join))[0][0] == 282_758 or (await rows(query, join))[0][0] > 280_000
    assert await rows(query, "select count(*), count(dep_delay), round(avg(dep_delay), 4) from flights") == [
        [336_776, 328_521, 12.6391]
    ]


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("iris.csv", 150),
        ("gapminder.csv.gz", None),
        ("antibiotics.csv", 16),
        ("world_cities.csv.gz", None),
        ("stocks.csv.gz", None),
    ],
)
async def test_samples_of_bokeh_import_packed_or_not(
    load: Load, bokeh_samples: Path, name: str, count: int | None
) -> None:
    run = await load(bokeh_samples / name, "t")
    assert run.state == "done", run.error
    assert run.reject_count == 0
    assert run.rows == count or (count is None and run.rows > 100)


NO_TABLES = [
    ("empty.csv", b"", "file_empty"),
    ("blank.csv", b"\n  \n", "file_empty"),
    ("picture.csv", b"\x89PNG\r\n\x1a\n" + os.urandom(500), "file_binary"),
    ("nul.csv", b"a,b\n1,\x00\x00\x01\n", "file_binary"),
    ("book.csv", b"PK\x03\x04" + bytes(100), "file_unreadable"),
    ("torn.csv.gz", gzip.compress(b"a,b\n" * 9999)[:40], "file_unreadable"),
    ("torn.parquet", b"PAR1" + bytes(50), "file_unreadable"),
]


@pytest.mark.parametrize(("name", "content", "code"), NO_TABLES, ids=[name for name, *_ in NO_TABLES])
async def test_a_file_that_is_no_table_is_refused_and_leaves_nothing(
    engine: Engine, load: Load, tmp_path: Path, config: EngineConfig, name: str, content: bytes, code: str
) -> None:
    run = await load(written(tmp_path, name, content), "t")
    assert run.error
    assert (run.state, run.error.code) == ("failed", code)
    assert str(tmp_path) not in run.error.message
    assert await engine.tables() == []
    assert not list((config.storage / "lake").rglob("*.parquet"))


async def test_a_header_alone_is_a_table_without_rows(engine: Engine, load: Load, tmp_path: Path) -> None:
    run = await load(written(tmp_path, "h.csv", "Name,Total Amount\n"), "t")
    assert (run.state, run.rows) == ("done", 0)
    (table,) = await engine.tables()
    assert [(c.name, c.label) for c in table.columns] == [("name", "Name"), ("total_amount", "Total Amount")]


async def test_names_are_snake_case_and_unique_and_labels_stay(engine: Engine, load: Load, tmp_path: Path) -> None:
    text = "Größe (cm),grosse_cm,2024,,depTime,select\n1,2,3,4,5,6\n"
    await load(written(tmp_path, "n.csv", text), "t")
    (table,) = await engine.tables()
    assert [c.name for c in table.columns][:1] == ["grosse_cm"]
    assert len({c.name for c in table.columns}) == 6
    assert table.columns[0].label == "Größe (cm)"
    assert [c.name for c in table.columns][4:] == ["dep_time", "select"]


async def test_a_late_bad_value_becomes_a_reject_and_no_row_is_lost(load: Load, query: Query, tmp_path: Path) -> None:
    lines = [f"{n},2024-01-01\n" for n in range(30_000)]
    text = "n,day\n" + "".join(lines) + "oops,2024-01-02\n5,not a day\n1,2,3\n"
    run = await load(written(tmp_path, "late.csv", text), "t")
    assert (run.state, run.rows, run.reject_count) == ("done", 30_000, 3)
    assert run.rejects
    items = [json.loads(line) for line in run.rejects.read_text().splitlines()]
    assert items[0] | {"reason": ""} == {"line": 30_002, "column": "n", "raw": "oops,2024-01-02", "reason": ""}
    assert {item["line"] for item in items} == {30_002, 30_003, 30_004}
    assert await rows(query, "select typeof(n), typeof(day) from t limit 1") == [["BIGINT", "DATE"]]


async def test_a_column_that_widens_late_loses_nothing(load: Load, query: Query, tmp_path: Path) -> None:
    text = "n\n" + "".join(f"{n}\n" for n in range(30_000)) + "1.5\n" + "NA\n"
    run = await load(written(tmp_path, "wide.csv", text), "t")
    assert (run.state, run.rows, run.reject_count) == ("done", 30_002, 0)
    assert await rows(query, "select typeof(max(n)), count(n), sum(n) from t") == [["DOUBLE", 30_001, 449_985_001.5]]


async def test_large_whole_numbers_stay_exact(load: Load, query: Query, tmp_path: Path) -> None:
    text = "n,m\n" + "".join(f"{n},{n}\n" for n in range(30_000)) + "9007199254740993,1\n"
    run = await load(written(tmp_path, "large.csv", text), "t")
    assert (run.rows, run.reject_count) == (30_001, 0)
    assert await rows(query, "select max(n), typeof(max(m)) from t") == [["9007199254740993", "BIGINT"]]


async def test_a_column_that_is_text_after_all_becomes_text(load: Load, query: Query, tmp_path: Path) -> None:
    text = "n,m\n" + "".join(f"{n},1\n" for n in range(30_000)) + "".join(f"x{n},1\n" for n in range(10_000))
    run = await load(written(tmp_path, "text.csv", text), "t")
    assert (run.rows, run.reject_count) == (40_000, 0)
    assert await rows(query, "select typeof(n), typeof(m) from t limit 1") == [["VARCHAR", "BIGINT"]]


async def test_na_stays_text_where_it_changes_no_type(load: Load, query: Query, tmp_path: Path) -> None:
    run = await load(written(tmp_path, "c.csv", "country,code\nNamibia,NA\nFrance,FR\n"), "t")
    assert run.recipe
    assert run.recipe["null_words"] == [""]
    assert await rows(query, "select code from t where country = 'Namibia'") == [["NA"]]


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("cp1252", "cp1252"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"), ("utf-8-sig", "utf-8")],
)
async def test_other_encodings_are_found(load: Load, query: Query, tmp_path: Path, encoding: str, found: str) -> None:
    text = "city;größe\n" + "Köln;1,5\nŠibenik;2\n" * 50
    run = await load(written(tmp_path, "e.csv", text.encode(encoding)), "t")
    assert run.recipe
    assert (run.state, run.recipe["encoding"]) == ("done", found)
    assert await rows(query, "select distinct city from t order by 1") == [["Köln"], ["Šibenik"]]


async def test_a_recipe_overrides_what_is_detected(load: Load, query: Query, tmp_path: Path) -> None:
    file = written(tmp_path, "r.csv", "# made by hand\na;b\n1;01.02.2024\n-;02.02.2024\n")
    recipe = {
        "skip": 1,
        "delimiter": ";",
        "header": True,
        "null_words": ["-"],
        "columns": {"a": "SMALLINT", "b": "VARCHAR"},
    }
    run = await load(file, "t", recipe=recipe)
    assert run.state == "done", run.error
    assert await rows(query, "select a, typeof(a), b from t") == [
        [1, "SMALLINT", "01.02.2024"],
        [None, "SMALLINT", "02.02.2024"],
    ]
    again = await load(file, "t2", recipe=run.recipe)
    assert again.recipe == run.recipe
    assert await rows(query, "from t except from t2") == []
    wrong = await load(file, "t3", recipe={"delimeter": ";"})
    assert wrong.error
    assert wrong.error.code == "bad_recipe"


async def test_modes_create_replace_and_append(engine: Engine, load: Load, query: Query, tmp_path: Path) -> None:
    file = written(tmp_path, "a.csv", "a,b\n1,x\n2,y\n")
    assert (await load(file, "t", mode="append")).state == "done"
    run = await load(file, "t")
    assert run.error
    assert run.error.code == "table_exists"
    run = await load(file, "t", mode="append")
    assert run.commit
    assert (run.commit.version, run.commit.operation, run.commit.rows) == (2, "append", 4)
    run = await load(file, "t", mode="replace")
    assert run.commit
    assert (run.commit.version, run.commit.operation, run.commit.rows) == (3, "replace", 2)
    other = written(tmp_path, "b.csv", "a,c\nx,2024-01-01\n")
    run = await load(other, "t", mode="append")
    assert run.error
    assert (run.error.code, run.error.details["missing"], run.error.details["unknown"]) == (
        "column_mismatch",
        ["b"],
        ["c"],
    )
    run = await load(other, "t", mode="replace")
    assert run.commit
    assert (run.commit.version, [c.name for c in run.commit.columns]) == (4, ["a", "c"])
    assert await rows(query, "from t") == [["x", "2024-01-01"]]
    (table,) = await engine.tables()
    assert table.source.sha256 == hashlib.sha256(other.read_bytes()).hexdigest()


async def test_a_parquet_file_keeps_its_types(load: Load, query: Query, tmp_path: Path) -> None:
    table = pa.table(
        {
            "Id": pa.array([1, 2], pa.int32()),
            "Kind": pa.array(["a", "b"]).dictionary_encode(),
            "Nested": pa.array([{"x": [1, 2]}, None], pa.struct([("x", pa.list_(pa.int64()))])),
        }
    )
    pq.write_table(table, tmp_path / "p.parquet")
    run = await load(tmp_path / "p.parquet", "t")
    assert run.state == "done", run.error
    assert await rows(query, "select id, typeof(id), kind, nested from t order by id") == [
        [1, "INTEGER", "a", {"x": [1, 2]}],
        [2, "INTEGER", "b", None],
    ]


async def test_an_import_is_cancelled_and_leaves_nothing(engine: Engine, config: EngineConfig, tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    with file.open("w") as out:
        block = "".join(f"{n},name {n},{n * 1.5}\n" for n in range(100_000))
        out.write("n,name,x\n")
        for _ in range(30):
            out.write(block)
    run = await engine.import_file(ImportSpec(str(uuid.uuid4()), str(file), "large.csv", "0" * 64, "t", "me"))
    assert not await run.wait(0.3)
    await run.cancel()
    assert run.state == "cancelled"
    assert await engine.tables() == []
    assert not list((config.storage / "lake").rglob("*.parquet"))


async def test_a_broken_quote_or_ragged_lines_are_not_one_column(load: Load, tmp_path: Path) -> None:
    text = "a,b,c\n1,2,3\n1,2\n1,2,3,4\n" * 3 + "5,6,7\n"
    run = await load(written(tmp_path, "ragged.csv", text), "t")
    assert run.state == "done", run.error
    assert run.recipe
    assert len(run.recipe["columns"]) >= 3


async def test_a_long_import_says_how_far_it_is(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    with duckdb.connect() as connection:
        rows = "SELECT i, i * 0.25 AS x, 'name ' || i AS name FROM range(4_000_000) t(i)"
        connection.execute(f"COPY ({rows}) TO '{file}' (HEADER)")
    run = await engine.import_file(ImportSpec("long", str(file), file.name, "0" * 64, "long", "me"))
    seen = [run.progress]
    while not await run.wait(0.02):
        seen.append(run.progress)
    assert run.state == "done", run.error
    assert any(0 < progress < 1 for progress in seen)


async def test_rows_too_wide_for_little_memory_get_all_there_is(config: EngineConfig, tmp_path: Path) -> None:
    words = [hashlib.sha512(str(n).encode()).hexdigest() * 80 for n in range(50)]
    with (tmp_path / "wide.csv").open("w") as out:
        out.write("id,text\n")
        out.writelines(f"{n},{n}{words[n % 50]}\n" for n in range(130_000))
    engine = Engine(replace(config, readable=(tmp_path,), memory_bytes=8 * 2**30))
    try:
        run = await engine.import_file(
            ImportSpec(str(uuid.uuid4()), str(tmp_path / "wide.csv"), "wide.csv", "0" * 64, "t", "me")
        )
        assert await run.wait(90)
    finally:
        await engine.stop()
        (tmp_path / "wide.csv").unlink()  # 1.3 GB
    assert (run.state, run.rows, run.reject_count) == ("done", 130_000, 0)
