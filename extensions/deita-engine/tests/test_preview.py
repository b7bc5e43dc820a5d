from __future__ import annotations

from pathlib import Path

import pytest
from deita_engine.client import Engine, EngineConfig
from deita_engine.shapes import EngineError


async def test_a_preview_shows_columns_and_rows_and_keeps_nothing(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("Name,Born On\nAda,1815-12-10\nGrace,1906-12-09\n")
    preview = (await engine.preview(file, {}))["preview"]
    assert preview["columns"] == [
        {"name": "name", "label": "Name", "type": "VARCHAR"},
        {"name": "born_on", "label": "Born On", "type": "DATE"},
    ]
    assert preview["rows"] == [["Ada", "1815-12-10"], ["Grace", "1906-12-09"]]
    assert preview["raw"][0] == "Name,Born On"
    assert await engine.tables() == []


async def test_the_recipe_of_a_preview_is_complete_and_can_be_overridden(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a;b\n1;2\n")
    found = await engine.preview(file, {"delimiter": ";", "columns": {"a": "VARCHAR"}})
    assert found["recipe"]["delimiter"] == ";"
    assert (await engine.preview(file, found["recipe"]))["recipe"] == found["recipe"]
    assert found["preview"]["columns"][0]["type"] == "VARCHAR"


async def test_a_file_that_is_no_table_has_no_preview(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"")
    with pytest.raises(EngineError) as error:
        await engine.preview(file, {})
    assert error.value.code == "file_empty"


async def test_a_preview_that_takes_too_long_is_ended(config: EngineConfig, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    config = EngineConfig(config.storage, config.spool, preview_s=0.0)
    engine = Engine(config)
    await engine.tables()
    try:
        with pytest.raises(EngineError) as error:
            await engine.preview(file, {})
        assert error.value.code == "preview_timeout"
    finally:
        await engine.stop()
