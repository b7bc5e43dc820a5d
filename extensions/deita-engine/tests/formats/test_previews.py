from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

Preview = Callable[..., dict[str, Any]]


def test_a_csv_is_shown_with_its_first_rows_and_its_raw_lines(previewed: Preview, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("Größe (cm),Day\n" + "170,2024-01-01\n" * 99)
    found = previewed(file)
    preview = found["preview"]
    assert preview["columns"][0] == {"name": "grosse_cm", "label": "Größe (cm)", "type": "BIGINT"}
    assert (len(preview["rows"]), preview["rows"][0]) == (50, [170, "2024-01-01"])
    assert (len(preview["raw"]), preview["raw"][0]) == (30, "Größe (cm),Day")
    again = previewed(file, **found["recipe"])
    assert (again["recipe"], again["preview"]["rows"]) == (found["recipe"], preview["rows"])


def test_a_parquet_file_is_shown_with_its_types(previewed: Preview, tmp_path: Path) -> None:
    pq.write_table(pa.table({"Id": pa.array([2**60], pa.int64())}), tmp_path / "p.parquet")
    preview = previewed(tmp_path / "p.parquet")["preview"]
    assert (preview["rows"], preview["raw"]) == ([[str(2**60)]], None)
    assert preview["columns"] == [{"name": "id", "label": "Id", "type": "BIGINT"}]


def test_an_archive_offers_its_other_files_and_a_workbook_its_other_sheets(previewed: Preview, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["a", "b"])
    book.worksheets[0].append([1, 2])
    book.create_sheet("Second").append(["x"])
    book.save(tmp_path / "book")
    with zipfile.ZipFile(tmp_path / "z", "w") as archive:
        archive.write(tmp_path / "book", "book.xlsx")
        archive.writestr("b.csv", "c\n1\n")
    found = previewed(tmp_path / "z")
    assert found["preview"]["others"] == [
        {"title": "Second", "recipe": {"sheet": "Second", "compression": "none", "member": "book.xlsx"}},
        {"title": "b.csv", "recipe": {"member": "b.csv"}},
    ]
    assert found["preview"]["rows"] == [[1, 2]]
    assert {choice["key"] for choice in found["preview"]["choices"]} == {"sheet", "header", "range"}
    assert found["preview"]["confidence"] >= 0.8
    assert previewed(tmp_path / "z", member="b.csv")["preview"]["columns"][0]["name"] == "c"


def test_json_and_arrow_files_are_shown_with_what_is_odd(previewed: Preview, tmp_path: Path) -> None:
    (tmp_path / "n").write_text('{"a":[1]}\nx\n')
    preview = previewed(tmp_path / "n")["preview"]
    assert (preview["rows"], preview["raw"]) == ([[[1]]], ['{"a":[1]}', "x"])
    assert preview["odd"] == [{"line": 2, "column": None, "raw": "x", "reason": "The line is no JSON."}]
    with pa.ipc.new_file(tmp_path / "a", pa.schema([("Id", pa.int8())])) as out:
        out.write_table(pa.table({"Id": pa.array([1] * 99, pa.int8())}))
    preview = previewed(tmp_path / "a")["preview"]
    assert (len(preview["rows"]), preview["columns"][0]["type"]) == (50, "TINYINT")
