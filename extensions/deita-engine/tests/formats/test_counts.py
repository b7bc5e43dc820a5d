"""Rows in = rows loaded + rejects + what the recipe leaves out, told by number for files of every kind."""

from __future__ import annotations

import gzip
import io
import json
import uuid
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import pytest_asyncio
from deita_engine.client import Engine, EngineConfig
from deita_engine.formats import counts
from deita_engine.shapes import ImportSpec

BODY = "".join(f"{n},name {n},{n / 2}\n" for n in range(1, 31))
HEAD = "id,name,x\n"
TABLE = pa.table({"a": ["1", "2", "x"]})


def workbook() -> bytes:
    book, sink = openpyxl.Workbook(), io.BytesIO()
    sheet = book.worksheets[0]
    for row in (["A title"], [], ["id", "name", "x"], *([n, f"n{n}", n / 2] for n in range(10)), [], [10, "n", 5]):
        sheet.append(row)
    for row in ([], [], ["A note"]):
        sheet.append(row)
    book.save(sink)
    return sink.getvalue()


def parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(TABLE, sink)
    return sink.getvalue()


def arrow() -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, TABLE.schema) as out:
        out.write_table(TABLE)
    return sink.getvalue()


def zipped(content: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a.csv", content)
        archive.writestr("b.csv", "c\n1\n")
    return sink.getvalue()


OTHER = "\nday,sum\n2024-01-01,5\n2024-01-02,6\n2024-01-03,7\n"
INTEGERS = {"columns": {"a": "BIGINT"}}
FILES: dict[str, tuple[bytes, dict[str, Any], tuple[int, int], dict[str, int]]] = {
    # name: (content, recipe, (rows, rejects), counts that are not 0)
    "plain": ((HEAD + BODY).encode(), {}, (30, 0), {"total": 31, "header": 1}),
    "preamble": (("Report\nby hand\n\n" + HEAD + BODY).encode(), {}, (30, 0), {"total": 34, "above": 3, "header": 1}),
    "two header rows": (("id,name,x\nno,text,cm\n" + BODY).encode(), {}, (30, 0), {"total": 32, "header": 2}),
    "no header": (BODY.encode(), {}, (30, 0), {"total": 30}),
    "a table below": ((HEAD + BODY + OTHER).encode(), {}, (30, 0), {"total": 36, "header": 1, "below": 5}),
    "note": ((HEAD + BODY + "\nSource: us\n").encode(), {}, (30, 0), {"total": 33, "header": 1, "below": 2}),
    "comments": (
        (HEAD + BODY.replace("9,", "# a remark\n9,", 1)).encode(), {}, (30, 0),
        {"total": 32, "header": 1, "comments": 1},
    ),
    "blank lines": (
        (HEAD + BODY.replace("9,", "\n\n9,", 1)).encode(), {}, (30, 0), {"total": 33, "header": 1, "blank": 2},
    ),
    "quoted lines": (
        (HEAD + BODY.replace("name 9", '"first\n\nthird"')).encode(), {}, (30, 0),
        {"total": 33, "header": 1, "continued": 2},
    ),
    "quoted lines, strict": (
        (HEAD + "\n" + BODY.replace("name 9", '"first\n\nthird"')).encode().replace(b"\n", b"\r\n"), {"strict": True},
        (30, 0), {"total": 34, "header": 1, "blank": 1, "continued": 2},
    ),
    "a row too long": (
        (HEAD + BODY + "1,2,3,4,5,6,7\n" + "31,name,1\n").encode(), {}, (31, 1), {"total": 33, "header": 1},
    ),
    "header alone": (HEAD.encode(), {}, (0, 0), {"total": 1, "header": 1}),
    "a header over two lines": (
        ('id,"name\nand more",x\n' + BODY).encode(), {}, (30, 0), {"total": 32, "header": 2},
    ),
    "utf-16": ((HEAD + BODY).encode("utf-16"), {}, (30, 0), {"total": 31, "header": 1}),
    "gzip": (gzip.compress((HEAD + BODY).encode()), {}, (30, 0), {"total": 31, "header": 1}),
    "zip": (zipped(HEAD + BODY), {}, (30, 0), {"total": 31, "header": 1}),
    "more skipped than there is": (
        b"a,b\n1,2\n", {"skip": 9, "header": 0, "footer": 9}, (0, 0), {"total": 2, "above": 2},
    ),
    "more rejects than DuckDB lists": (
        b"a\n1\n" + b"x\n" * 110_000, INTEGERS, (1, 110_000), {"total": 110_002, "header": 1},
    ),
    "workbook": (workbook(), {}, (11, 0), {"total": 18, "above": 2, "header": 1, "below": 3, "blank": 1}),
    "workbook, a range": (
        workbook(), {"range": "A3:C8"}, (5, 0), {"total": 18, "above": 2, "header": 1, "below": 10},
    ),
    "json": (json.dumps([{"a": 1}, 5, {"a": 2}]).encode(), {}, (2, 1), {"total": 3}),
    "json, other types": (json.dumps([{"a": "1"}, {"a": "x"}]).encode(), INTEGERS, (1, 1), {"total": 2}),
    "ndjson": (b'{"a": 1}\n\n  \nno json\n[1]\n{"a": 2}', {}, (2, 2), {"total": 6, "blank": 2}),
    "parquet": (parquet(), INTEGERS, (2, 1), {"total": 3}),
    "arrow": (arrow(), INTEGERS, (2, 1), {"total": 3}),
}  # fmt: skip


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    storage = tmp_path_factory.mktemp("counts")
    spool, given = storage / "people" / "me" / "spool", tmp_path_factory.getbasetemp()
    engine = Engine(EngineConfig(storage, spool, readable=(given,), memory_bytes=1024**3, threads=2))
    yield engine
    await engine.stop()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", FILES)
async def test_all_that_is_in_a_file_is_accounted_for(engine: Engine, tmp_path: Path, name: str) -> None:
    content, recipe, (rows, rejected), expected = FILES[name]
    (tmp_path / "f").write_bytes(content)
    spec = ImportSpec(str(uuid.uuid4()), str(tmp_path / "f"), name, "0" * 64, "t", "me", "replace", recipe)
    run = await engine.import_file(spec)
    assert await run.wait(60)
    assert run.counts, run.error
    assert (run.rows, run.reject_count) == (rows, rejected)
    assert {key: count for key, count in run.counts.items() if count and key != "unit"} == expected
    _, total, *left_out = run.counts.values()
    assert rows + rejected + sum(left_out) == total


@pytest.mark.parametrize("content", [b"", b"a", b"a\n", b"a\r\n\r\nb", b"\r\r\n", b"x\r\n" * 5, b"\xef\xbb\xbfa\rb\n"])
def test_lines_are_counted_as_a_text_is_read_also_where_blocks_meet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    (tmp_path / "f").write_bytes(content)
    with (tmp_path / "f").open(encoding="utf-8", newline="") as file:
        expected = sum(1 for _ in file)
    for size in (1, 2, 3, 1024):
        monkeypatch.setattr(counts, "BLOCK", size)
        assert counts.line_count(tmp_path / "f") == expected
