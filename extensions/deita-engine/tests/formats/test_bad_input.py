"""Damaged files of every format: a documented error or rows, never a crash of the engine, nothing left behind."""

from __future__ import annotations

import asyncio
import bz2
import gzip
import hashlib
import io
import json
import os
import random
import signal
import uuid
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlwt
from deita_engine.client import Engine, EngineConfig
from deita_engine.shapes import ImportSpec

Table = Callable[..., Awaitable[Any]]
DAMAGE = {"file_unreadable", "file_empty", "file_binary", "file_encrypted", "archive_too_large", "archive_nested"}
MUTATIONS = 8
ROWS = 400
TABLE = pa.table(
    {"a": range(ROWS), "b": [f"text {n % 50}" for n in range(ROWS)], "c": [[n, n + 1] for n in range(ROWS)]}
)
CSV = b"a,b\n" + b"".join(b"%d,text %d\n" % (n, n) for n in range(ROWS))


def parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(TABLE, sink)
    return sink.getvalue().to_pybytes()


def arrow(opener: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with opener(sink, TABLE.schema) as out:
        out.write_table(TABLE)
    return sink.getvalue().to_pybytes()


def xlsx() -> bytes:
    book, sink = openpyxl.Workbook(), io.BytesIO()
    for n in range(ROWS):
        book.worksheets[0].append([n, f"text {n}"])
    book.save(sink)
    return sink.getvalue()


def xls() -> bytes:
    book, sink = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("a")
    for n in range(ROWS):
        sheet.write(n, 0, n)
        sheet.write(n, 1, f"text {n}")
    book.save(sink)
    return sink.getvalue()


def zipped() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", CSV)
    return sink.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "parquet": parquet,
    "arrow file": lambda: arrow(pa.ipc.new_file),
    "arrow stream": lambda: arrow(pa.ipc.new_stream),
    "xlsx": xlsx,
    "xls": xls,
    "json": lambda: json.dumps([{"a": n, "b": {"c": [n]}} for n in range(ROWS)]).encode(),
    "gzip": lambda: gzip.compress(CSV),
    "bzip2": lambda: bz2.compress(CSV),
    "zip": zipped,
}


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Some bits flipped, or eight bytes replaced near an end, where the lengths are."""
    damaged = bytearray(content)
    if chance.random() < 0.5:
        for _ in range(chance.choice([1, 4, 30])):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    else:
        at = chance.choice([chance.randrange(64), len(damaged) - chance.randrange(9, 200)])
        damaged[at : at + 8] = chance.randbytes(8)
    return bytes(damaged)


@pytest.mark.parametrize("name", FILES)
async def test_bent_bodies_are_refused_or_read_and_the_engine_stays(
    table: Table, engine: Engine, tmp_path: Path, config: EngineConfig, name: str
) -> None:
    chance, content = random.Random(name), FILES[name]()
    for _ in range(MUTATIONS):
        (tmp_path / "f").write_bytes(mutated(content, chance))
        loaded = await table(tmp_path / "f")
        assert loaded.run.state == "done" or loaded.code in DAMAGE, loaded.run.error
        assert str(tmp_path) not in (loaded.run.error.message if loaded.run.error else "")
    assert engine.status()["restarts"] == 0
    assert list((config.spool / "temporary-write").glob("reading-*/*")) == []


@pytest.mark.parametrize("name", FILES)
async def test_cut_bodies_are_refused_and_leave_no_table(
    table: Table, engine: Engine, tmp_path: Path, config: EngineConfig, name: str
) -> None:
    content = FILES[name]()
    for size in (len(content) // 3, len(content) // 2, len(content) - 40):
        (tmp_path / "f").write_bytes(content[:size])
        assert (await table(tmp_path / "f")).code in DAMAGE, size
    assert await engine.tables() == []
    assert not list((config.storage / "lake").rglob("*.parquet"))


@pytest.mark.parametrize("length", [0, 8, 2**20, 2**31 - 1])
async def test_a_parquet_footer_that_lies_is_refused(table: Table, tmp_path: Path, length: int) -> None:
    content = parquet()
    (tmp_path / "f").write_bytes(content[:-8] + length.to_bytes(4, "little") + b"PAR1")
    assert (await table(tmp_path / "f")).code == "file_unreadable"


async def test_one_file_that_is_two_is_what_it_starts_as(table: Table, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"a,b\n1,2\n" + zipped())
    assert (await table(tmp_path / "f")).code in {"file_binary", None}
    (tmp_path / "f").write_bytes(b"%PDF-1.4\n" + CSV)
    assert (await table(tmp_path / "f")).code == "file_binary"
    (tmp_path / "f").write_bytes(parquet() + zipped())
    assert (await table(tmp_path / "f")).code == "file_unreadable"


async def test_a_kill_while_a_workbook_is_read_leaves_no_table_and_no_process(
    config: EngineConfig, tmp_path: Path
) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for n in range(60_000):
        sheet.append([n, f"text {n}", n * 0.5])
    book.save(tmp_path / "f")
    engine = Engine(config)
    digest = hashlib.sha256((tmp_path / "f").read_bytes()).hexdigest()

    def spec() -> ImportSpec:
        return ImportSpec(str(uuid.uuid4()), str(tmp_path / "f"), "f.xlsx", digest, "t", "me", "replace")

    run = await engine.import_file(spec())
    async with asyncio.timeout(30):
        while not list(config.spool.glob("temporary-write/reading-*/request.json")):
            await asyncio.sleep(0.002)
    os.kill(engine.status()["writer_pid"], signal.SIGKILL)
    assert await run.wait(20)
    assert (run.state, await engine.tables()) == ("failed", [])
    assert run.error
    assert run.error.code == "engine_lost"
    again = await engine.import_file(spec())
    assert await again.wait(60)
    assert (again.state, again.rows) == ("done", 60_000)
    await engine.stop()
