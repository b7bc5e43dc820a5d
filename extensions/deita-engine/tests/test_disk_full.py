"""The disk is full when an import writes: at each place where it does, by a file size that the process may not exceed.

The kernel refuses the write with EFBIG where a full disk says ENOSPC; to the engine both are the same.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import resource
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
import pytest_asyncio
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import ImportSpec

MB = 2**20
CHANCE = random.Random(1)
RANDOM = [f"{CHANCE.getrandbits(400):x}" for _ in range(30_000)]  # 100 letters that nothing compresses by half
SAME = "x" * 100
ROWS = len(RANDOM)


def workbook() -> bytes:
    book, sink = openpyxl.Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    for text in RANDOM:
        sheet.append([text])
    book.save(sink)
    return sink.getvalue()


def arrow() -> bytes:
    table, sink = pa.table({"a": RANDOM}), io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as out:
        out.write_table(table)
    return sink.getvalue()


def csv(texts: list[str], key: str = "1") -> bytes:
    return ("k,v\n" + "".join(f"{key},{text}\n" for text in texts)).encode()


FILES: dict[str, tuple[bytes, dict[str, Any]]] = {
    "the rows": (csv(RANDOM), {}),
    "the unpacked copy": (gzip.compress(csv([SAME] * ROWS)), {}),
    "the copy in UTF-8": (csv([SAME] * ROWS).decode().encode("utf-16"), {}),
    "the texts of the careful reader": (csv(RANDOM) + b"1,2,3,4,5\n", {"strict": False}),
    "the rejects": (csv([SAME] * ROWS, "no number"), {"columns": {"k": "BIGINT"}}),
    "the objects of a JSON": (json.dumps([{"a": text} for text in RANDOM]).encode(), {}),
    "the rows of a sheet": (workbook(), {}),
    "the rows of an Arrow file": (arrow(), {}),
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    storage = tmp_path_factory.mktemp("full")
    spool, given = storage / "people" / "me" / "spool", tmp_path_factory.getbasetemp()
    engine = Engine(EngineConfig(storage, spool, readable=(given,), memory_bytes=1024**3, threads=2))
    yield engine
    await engine.stop()


async def load(engine: Engine, file: Path, content: bytes, recipe: dict[str, Any] | None = None) -> Run:
    file.write_bytes(content)
    spec = ImportSpec(str(uuid.uuid4()), str(file), "f", "0" * 64, "t", "me", "replace", recipe or {})
    run = await engine.import_file(spec)
    assert await run.wait(60)
    return run


@contextmanager
def full(engine: Engine, at: int) -> Iterator[None]:
    """The process that writes may make no file larger than this."""
    pid = engine.status()["writer_pid"]
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (at, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


def written(engine: Engine) -> set[Path]:
    """What imports leave on the disk, apart from the catalog."""
    storage = engine.config.storage
    left = [*(storage / "lake").rglob("*"), *(storage / "rejects").glob("*"), *engine.config.spool.glob("*/reading-*")]
    return {path for path in left if path.is_file() or path.name.startswith("reading-")}


async def fails_and_works_again(engine: Engine, file: Path, at: int, content: bytes, recipe: dict[str, Any]) -> None:
    assert (await load(engine, file, b"a,b\n1,2\n")).state == "done"
    before, restarts = written(engine), engine.status()["restarts"]
    with full(engine, at):
        run = await load(engine, file, content, recipe)
    assert run.error, "the import went through"
    assert (run.state, run.error.code) == ("failed", "no_space"), run.error
    assert str(engine.config.storage) not in run.error.message
    assert written(engine) == before
    assert [table.rows for table in await engine.tables()] == [1]
    again = await load(engine, file, content, recipe)
    assert (again.state, again.rows + again.reject_count >= 1) == ("done", True), again.error
    assert engine.status()["restarts"] == restarts


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("stage", FILES)
async def test_a_full_disk_ends_an_import_where_it_writes(engine: Engine, tmp_path: Path, stage: str) -> None:
    await fails_and_works_again(engine, tmp_path / "f", MB, *FILES[stage])


@pytest.mark.asyncio(loop_scope="module")
async def test_a_full_disk_ends_an_import_at_its_commit(engine: Engine, tmp_path: Path) -> None:
    content = csv(["one", "two"])
    await fails_and_works_again(engine, tmp_path / "f", 4096, content, {})
