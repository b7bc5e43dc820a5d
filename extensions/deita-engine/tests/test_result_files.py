from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pyarrow as pa
import pytest
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.result_files import BatchIndex, SeekingIndex, indexed
from deita_engine.shapes import EngineError
from deita_engine.values import rows_json

Query = Callable[..., Awaitable[Run]]


@pytest.mark.parametrize("column", ["'x' || range", "(range % 2)::varchar::enum('0', '1')"])
async def test_a_file_too_large_to_be_mapped_has_the_same_pages(
    config: EngineConfig, engine: Engine, query: Query, column: str
) -> None:
    run = await query(f"select range as n, {column} as s from range(10000)")
    path = config.spool / f"{run.id}.arrow"
    with pa.OSFile(str(path)) as file:
        large = SeekingIndex(path, file)
    small = indexed(path)
    assert type(small) is BatchIndex
    assert (large.columns, large.row_count, large.is_current(path)) == (small.columns, 10_000, True)
    for offset, limit in ((0, 10), (2040, 20), (9990, 100), (0, 10_000), (10_000, 5)):
        pages = [rows_json(index.batches(offset, limit), index.skip(offset), limit) for index in (large, small)]
        assert pages[0] == pages[1]
        assert [row[0] for row in json.loads(pages[0][0])] == list(range(offset, min(offset + limit, 10_000)))
    path.unlink()
    assert not large.is_current(path)


def test_a_file_that_is_gone_or_broken_is_expired(tmp_path: Path) -> None:
    broken = tmp_path / "broken.arrow"
    broken.write_bytes(b"no arrow")
    for path in (broken, tmp_path / "gone.arrow"):
        with pytest.raises(EngineError) as caught:
            indexed(path)
        assert caught.value.code == "result_expired"
