"""Results as Parquet: the rows as COPY would write them, by another writer."""

from __future__ import annotations

import io
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from deita_engine.client import Engine, Run
from deita_engine.shapes import EngineError, QuerySpec

Query = Callable[..., Awaitable[Run]]
Exported = Callable[..., Awaitable[bytes]]
PLAIN = """select range as n, 'x' || range % 10 as s, range * 0.5 as d, range / 3 as f, range % 2 = 0 as b,
           date '2024-01-01' + range::int as day, timestamptz '2024-01-01 00:00:00+00' + to_seconds(range) as t,
           [range, null] as l, {'a': range, 'b': 'y'} as st, null as nothing, '\\xFF'::blob as blob,
           if(range = 7, null, range) as holes from range(300000)"""


async def test_parquet_holds_all_rows_as_they_are(query: Query, exported: Exported, tmp_path: Path) -> None:
    run = await query(PLAIN)
    (tmp_path / "ours.parquet").write_bytes(await exported(run.id, "parquet"))
    duckdb.sql(f"copy ({PLAIN}) to '{tmp_path}/copied.parquet'")
    ours, copied = pq.read_table(tmp_path / "ours.parquet"), pq.read_table(tmp_path / "copied.parquet")
    assert ours.equals(copied.cast(ours.schema))
    assert [column.type for column in run.columns] == [
        row[1] for row in duckdb.sql(f"describe from '{tmp_path}/ours.parquet'").fetchall()
    ]


async def test_parquet_has_dictionaries_where_values_repeat(query: Query, exported: Exported) -> None:
    run = await query("select range as n, 'x' || range % 10 as s from range(300000)")
    metadata = pq.read_metadata(io.BytesIO(await exported(run.id, "parquet")))
    assert [metadata.row_group(place).num_rows for place in range(3)] == [122_880, 122_880, 54_240]
    numbers, texts = (metadata.row_group(0).column(place) for place in range(2))
    assert "RLE_DICTIONARY" in texts.encodings and "RLE_DICTIONARY" not in numbers.encodings
    assert numbers.compression == "SNAPPY" and numbers.statistics.max == 122_879


@pytest.mark.parametrize("rows", [0, 2])
async def test_parquet_has_what_arrow_cannot_write(rows: int, query: Query, exported: Exported) -> None:
    run = await query(f"select to_days(range::int) as i, [to_days(1)] as l from range({rows})")
    assert pq.read_metadata(io.BytesIO(await exported(run.id, "parquet"))).num_rows == rows
    run = await query(f"select range as n from range({rows})")
    assert pq.read_table(io.BytesIO(await exported(run.id, "parquet")))["n"].to_pylist() == [*range(rows)]


async def test_parquet_is_written_while_the_query_runs_and_fails_with_it(engine: Engine) -> None:
    run = await engine.run(QuerySpec(str(uuid.uuid4()), "select range as n from range(1000000000)", "me"))
    with engine.export(run.id, "parquet") as stream:
        await stream.grown(0)
        assert run.state == "running" and not stream.done
        await run.cancel()
        with pytest.raises(EngineError) as caught:
            while True:
                await stream.grown(stream.size)
    assert caught.value.code == "no_result"
    assert not list(engine.config.spool.glob(f"{run.id}.*"))


async def test_parquet_that_follows_a_query_is_whole(engine: Engine, exported: Exported) -> None:
    sql = "select range as n, hash(range) as h from range(3000000)"
    run = await engine.run(QuerySpec(str(uuid.uuid4()), sql, "me"))
    assert pq.read_metadata(io.BytesIO(await exported(run.id, "parquet"))).num_rows == 3_000_000
    assert await run.wait(60) and run.state == "done"
