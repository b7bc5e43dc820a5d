from __future__ import annotations

import codecs
import hashlib
import importlib.util
import json
import re
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import ImportSpec, QuerySpec

spec = importlib.util.spec_from_file_location("nasty", Path(__file__).with_name("nasty.py"))
assert spec and spec.loader
nasty = sys.modules["nasty"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(nasty)
FILES = nasty.everything()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    storage = tmp_path_factory.mktemp("nasty")
    spool, given = storage / "people" / "me" / "spool", tmp_path_factory.getbasetemp()
    engine = Engine(EngineConfig(storage, spool, readable=(given,), memory_bytes=1024**3, threads=2))
    yield engine
    await engine.stop()


async def load(engine: Engine, file: Path, recipe: dict[str, Any]) -> Run:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    spec = ImportSpec(str(uuid.uuid4()), str(file), file.name, digest, "t", "me", "replace", recipe)
    run = await engine.import_file(spec)
    assert await run.wait(60)
    assert run.state == "done", run.error
    assert run.counts
    _, total, *left_out = run.counts.values()
    text = file.read_bytes().decode(codecs.lookup(run.recipe["encoding"]).name if run.recipe else "utf-8")
    assert total == len(re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", text))
    assert run.rows + run.reject_count + sum(left_out) == total, run.counts
    return run


async def table(engine: Engine) -> list[list[Any]]:
    run = await engine.run(QuerySpec(str(uuid.uuid4()), "from t", "me"))
    assert await run.wait(60)
    return list(json.loads(run.first_page or b"[]"))


def test_the_corpus_has_many_files() -> None:
    assert len({item.name for item in FILES}) == len(FILES) >= 180


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("item", FILES, ids=lambda item: item.name)
async def test_a_nasty_file_becomes_the_right_table(engine: Engine, item: Any, tmp_path: Path) -> None:
    file = tmp_path / "nasty.csv"
    file.write_bytes(item.content)
    run = await load(engine, file, item.recipe)
    assert run.recipe
    assert list(run.recipe["columns"]) == item.labels
    assert await table(engine) == item.rows
    assert run.rows == len(item.rows)
    assert run.commit
    types = {label: column.type for label, column in zip(item.labels, run.commit.columns, strict=True)}
    assert types | item.types == types
    lines = [json.loads(line)["line"] for line in run.rejects.read_text().splitlines()] if run.rejects else []
    assert lines == item.rejects
    assert run.reject_count == len(lines)
