from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Awaitable, Callable

import pyarrow.parquet as pq
import pytest
from deita_engine.client import Engine, Run
from deita_engine.runs import Stream
from deita_engine.shapes import EngineError, QuerySpec

Query = Callable[..., Awaitable[Run]]
ROW = """select 1::tinyint as i, 9007199254740993::bigint as big, 1.50::decimal(5, 2) as d, 'nan'::double as nan,
         0.5 as f, true as b, null as n, date '2024-01-02' as day, timestamp '2024-01-02 03:04:05.5' as t,
         timestamptz '2024-01-02 03:04:05+02' as tz, 'x"y' as s"""
OBJECT = {
    "i": 1, "big": "9007199254740993", "d": "1.50", "nan": "NaN", "f": "0.5", "b": True, "n": None,
    "day": "2024-01-02",
    "t": "2024-01-02T03:04:05.5", "tz": "2024-01-02T01:04:05Z", "s": 'x"y',
}  # fmt: skip


async def complete(stream: Stream) -> bytes:
    size = 0
    while not stream.done:
        size = await stream.grown(size)
    return stream.path.read_bytes()


async def test_ndjson_and_json_hold_objects_with_promised_values(engine: Engine, query: Query) -> None:
    run = await query(ROW)
    assert dict(zip(OBJECT, json.loads(run.first_page or b"")[0], strict=True)) == OBJECT
    lines = (await complete(await engine.export(run.id, "ndjson"))).splitlines()
    assert [json.loads(line) for line in lines] == [OBJECT]
    assert json.loads(await complete(await engine.export(run.id, "json"))) == [OBJECT]


async def test_nested_values_are_the_same_in_pages_and_exports(engine: Engine, query: Query) -> None:
    run = await query(
        "select [1, 2] as l, {'a': 'x', 'b': 1.5::decimal(3,1)} as s, '\\xFF'::blob as b,"
        " interval 90 minute as i, 1 as l2 from range(2)"
    )
    (first, _) = json.loads(run.first_page or b"")
    assert first == [[1, 2], {"a": "x", "b": "1.5"}, "/w==", "01:30:00", 1]
    assert json.loads(await complete(await engine.export(run.id, "json")))[0] == dict(
        zip(["l", "s", "b", "i", "l2"], first, strict=True)
    )


async def test_csv_keeps_spreadsheets_from_running_text(engine: Engine, query: Query) -> None:
    run = await query("select '=1+1' as formula, '@x' as at, -5 as number, 'plain' as text, '\t=x' as tab")
    rows = list(csv.reader((await complete(await engine.export(run.id, "csv"))).decode().splitlines()))
    assert rows == [["formula", "at", "number", "text", "tab"], ["'=1+1", "'@x", "-5", "plain", "'\t=x"]]
    raw = list(csv.reader((await complete(await engine.export(run.id, "csv", raw=True))).decode().splitlines()))
    assert raw[1] == ["=1+1", "@x", "-5", "plain", "\t=x"]


async def test_parquet_holds_all_rows(engine: Engine, query: Query) -> None:
    run = await query("select range as n, 'x' || range as s from range(100000)")
    stream = await engine.export(run.id, "parquet")
    await complete(stream)
    assert pq.read_metadata(stream.path).num_rows == 100_000


async def test_an_empty_result_exports(engine: Engine, query: Query) -> None:
    run = await query("select 1 as a where false")
    assert json.loads(await complete(await engine.export(run.id, "json"))) == []
    assert await complete(await engine.export(run.id, "ndjson")) == b""
    assert (await complete(await engine.export(run.id, "csv"))).strip() == b"a"


async def test_an_export_is_made_once_and_reused(engine: Engine, query: Query) -> None:
    run = await query("from range(10)")
    first = await engine.export(run.id, "csv")
    assert await engine.export(run.id, "csv") is first
    await complete(first)
    assert await engine.export(run.id, "csv") is first


async def test_ndjson_streams_while_the_query_runs_and_fails_with_it(engine: Engine) -> None:
    sql = "select range as n, sum(range) over (order by range) as s from range(400000)"
    run = await engine.run(QuerySpec(str(uuid.uuid4()), sql, "me"))
    content = await complete(await engine.export(run.id, "ndjson"))
    assert content.count(b"\n") == 400_000
    sql = "select case when range < 2000000 then range else error('late') end as n from range(3000000)"
    run = await engine.run(QuerySpec(str(uuid.uuid4()), sql, "me"))
    stream = await engine.export(run.id, "csv")
    with pytest.raises(EngineError):
        await complete(stream)
    assert not stream.path.exists()


async def test_an_export_of_nothing_is_expired(engine: Engine) -> None:
    stream = await engine.export(str(uuid.uuid4()), "csv")
    with pytest.raises(EngineError) as caught:
        await stream.grown(0)
    assert caught.value.code == "result_expired"
