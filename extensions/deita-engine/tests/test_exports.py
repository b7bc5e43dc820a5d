from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Awaitable, Callable

import pyarrow.parquet as pq
import pytest
from deita_engine.client import Engine, Run
from deita_engine.shapes import EngineError, ExportFormat, QuerySpec

Query = Callable[..., Awaitable[Run]]
Exported = Callable[..., Awaitable[bytes]]
ROW = """select 1::tinyint as i, 9007199254740993::bigint as big, 1.50::decimal(5, 2) as d, 'nan'::double as nan,
         0.5 as f, true as b, null as n, date '2024-01-02' as day, timestamp '2024-01-02 03:04:05.5' as t,
         timestamptz '2024-01-02 03:04:05+02' as tz, 'x"y' as s, 12408::hugeint as total,
         9007199254740993::hugeint as vast, 170141183460469231731687303715884105727::hugeint as most"""
OBJECT = {
    "i": 1, "big": "9007199254740993", "d": "1.50", "nan": "NaN", "f": "0.5", "b": True, "n": None,
    "day": "2024-01-02",
    "t": "2024-01-02T03:04:05.5", "tz": "2024-01-02T01:04:05Z", "s": 'x"y',
    "total": 12408, "vast": "9007199254740993", "most": "170141183460469231731687303715884105727",
}  # fmt: skip


async def test_ndjson_and_json_hold_objects_with_promised_values(query: Query, exported: Exported) -> None:
    run = await query(ROW)
    assert dict(zip(OBJECT, json.loads(run.first_page or b"")[0], strict=True)) == OBJECT
    lines = (await exported(run.id, "ndjson")).splitlines()
    assert [json.loads(line) for line in lines] == [OBJECT]
    assert json.loads(await exported(run.id, "json")) == [OBJECT]


async def test_nested_values_are_the_same_in_pages_and_exports(query: Query, exported: Exported) -> None:
    run = await query(
        "select [1, 2] as l, {'a': 'x', 'b': 1.5::decimal(3,1)} as s, '\\xFF'::blob as b,"
        " interval 90 minute as i, 1 as l2 from range(2)"
    )
    (first, _) = json.loads(run.first_page or b"")
    assert first == [[1, 2], {"a": "x", "b": "1.5"}, "/w==", "01:30:00", 1]
    assert json.loads(await exported(run.id, "json"))[0] == dict(zip(["l", "s", "b", "i", "l2"], first, strict=True))


async def test_csv_keeps_spreadsheets_from_running_text(query: Query, exported: Exported) -> None:
    run = await query("select '=1+1' as formula, '@x' as at, -5 as number, 'plain' as text, '\t=x' as tab")
    rows = list(csv.reader((await exported(run.id, "csv")).decode().splitlines()))
    assert rows == [["formula", "at", "number", "text", "tab"], ["'=1+1", "'@x", "-5", "plain", "'\t=x"]]
    raw = list(csv.reader((await exported(run.id, "csv", raw=True)).decode().splitlines()))
    assert raw[1] == ["=1+1", "@x", "-5", "plain", "\t=x"]


@pytest.mark.parametrize("format", ["csv", "ndjson", "json"])
@pytest.mark.parametrize("value", ["n", "[n]::integer[]"], ids=["plain", "nested"])
async def test_rows_of_many_pieces_keep_their_order(
    engine: Engine, query: Query, exported: Exported, format: ExportFormat, value: str
) -> None:
    run = await query(f"select {value} as v from range(150000) t(n)")
    text = (await exported(run.id, format)).decode()
    if format == "csv":
        head, *found = [line.strip("[]") for line in text.splitlines()]
        assert head == "v"
    else:
        lines = json.loads(text) if format == "json" else map(json.loads, text.splitlines())
        found = [line["v"][0] if value != "n" else line["v"] for line in lines]
    assert list(map(int, found)) == list(range(150_000))
    assert not list(engine.config.spool.glob("*.part"))


async def test_columns_of_one_name_are_told_apart_in_files(query: Query, exported: Exported) -> None:
    run = await query("select 1 as a, 2 as a, 3 as A")
    assert pq.read_table(io.BytesIO(await exported(run.id, "parquet"))).to_pylist() == [{"a": 1, "a_2": 2, "A_3": 3}]
    assert (await exported(run.id, "csv")).split() == [b"a,a_2,A_3", b"1,2,3"]
    assert json.loads(await exported(run.id, "ndjson")) == {"a": 1, "a_2": 2, "A_3": 3}


async def test_an_empty_result_exports(query: Query, exported: Exported) -> None:
    run = await query("select 1 as a where false")
    assert json.loads(await exported(run.id, "json")) == []
    assert await exported(run.id, "ndjson") == b""
    assert (await exported(run.id, "csv")).strip() == b"a"


async def test_an_export_is_made_once_and_reused(engine: Engine, query: Query, exported: Exported) -> None:
    run = await query("from range(10)")
    with engine.export(run.id, "csv") as first, engine.export(run.id, "csv") as second:
        assert second is first
    await exported(run.id, "csv")
    with engine.export(run.id, "csv") as kept, engine.export(run.id, "csv", raw=True) as raw:
        assert kept.done and raw is not kept


async def test_ndjson_streams_while_the_query_runs_and_fails_with_it(engine: Engine, exported: Exported) -> None:
    sql = "select range as n, sum(range) over (order by range) as s from range(400000)"
    run = await engine.run(QuerySpec(str(uuid.uuid4()), sql, "me"))
    assert (await exported(run.id, "ndjson")).count(b"\n") == 400_000
    sql = "select case when range < 2000000 then range else error('late') end as n from range(3000000)"
    run = await engine.run(QuerySpec(str(uuid.uuid4()), sql, "me"))
    with pytest.raises(EngineError):
        await exported(run.id, "csv")
    assert not list(engine.config.spool.glob(f"{run.id}.*"))


async def test_an_export_of_nothing_is_expired(exported: Exported) -> None:
    with pytest.raises(EngineError) as caught:
        await exported(str(uuid.uuid4()), "csv")
    assert caught.value.code == "result_expired"
