from __future__ import annotations

import datetime
import decimal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

Table = Callable[..., Awaitable[Any]]

ROWS = pa.table(
    {
        "Id": pa.array([1, 2], pa.int32()),
        "id": pa.array(["a", None]).dictionary_encode(),
        "Half": pa.array([0.5, None], pa.float16()),
        "wide": pa.array([decimal.Decimal("1.5"), None], pa.decimal256(50, 2)),
        "at": pa.array([datetime.datetime(2024, 1, 1), None], pa.timestamp("us", "UTC")),
        "nested": pa.array([{"x": [1, 2]}, None]),
    }
)
PLAIN = pa.table({"a": [1, 2, 3], "b": ["x", "y", None]})


def ipc(table: pa.Table, opener: Any, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with opener(sink, table.schema, **options) as out:
        out.write_table(table)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("opener", [pa.ipc.new_file, pa.ipc.new_stream])
async def test_an_arrow_file_keeps_its_types(table: Table, tmp_path: Path, opener: Any) -> None:
    (tmp_path / "f").write_bytes(ipc(ROWS, opener))
    loaded = await table(tmp_path / "f")
    assert loaded.types == {
        "id": "INTEGER",
        "id_2": "VARCHAR",
        "half": "FLOAT",
        "wide": "VARCHAR",
        "at": "TIMESTAMP WITH TIME ZONE",
        "nested": "STRUCT(x BIGINT[])",
    }
    assert await loaded.rows() == [
        [1, "a", 0.5, "1.50", "2024-01-01T00:00:00Z", {"x": [1, 2]}],
        [2, None, None, None, None, None],
    ]
    again = await table(tmp_path / "f", **loaded.run.recipe)
    assert (again.run.rows, again.run.recipe) == (2, loaded.run.recipe)


@pytest.mark.parametrize("compression", ["lz4", "zstd", "uncompressed"])
async def test_feather_files_are_read(table: Table, tmp_path: Path, compression: str) -> None:
    pyarrow.feather.write_feather(PLAIN, tmp_path / "f", compression=compression)
    assert await (await table(tmp_path / "f")).rows() == [[1, "x"], [2, "y"], [3, None]]


async def test_a_type_in_the_recipe_makes_rejects_of_what_does_not_fit(table: Table, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(ipc(PLAIN, pa.ipc.new_file))
    pq.write_table(PLAIN, tmp_path / "p")
    for name in ("f", "p"):
        loaded = await table(tmp_path / name, columns={"b": "DATE", "a": {"type": "SMALLINT"}})
        assert (loaded.run.rows, loaded.types) == (1, {"a": "SMALLINT", "b": "DATE"})
        assert [(item["line"], item["column"], item["raw"]) for item in loaded.rejects] == [
            (1, "b", '{"a":1,"b":"x"}'),
            (2, "b", '{"a":2,"b":"y"}'),
        ]


async def test_lengths_and_offsets_that_lie_are_refused(table: Table, tmp_path: Path) -> None:
    content = ipc(pa.table({"a": ["aaaaa", "bbbbbb"]}), pa.ipc.new_stream)
    offsets = pa.array([0, 5, 11], pa.int32()).buffers()[1].to_pybytes()[:12]
    assert offsets in content
    (tmp_path / "f").write_bytes(content.replace(offsets, offsets[:8] + (2**30).to_bytes(4, "little")))
    assert (await table(tmp_path / "f")).code == "file_unreadable"
    (tmp_path / "f").write_bytes(b"\xff\xff\xff\xff\x10\x00\x00\x00" + bytes(100))
    assert (await table(tmp_path / "f")).code == "file_unreadable"
