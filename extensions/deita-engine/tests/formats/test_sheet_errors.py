"""Error cells of a workbook: nothing, said with their number, and rejects when a person takes them out."""

from __future__ import annotations

import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from deita_engine.formats.sheet_errors import error_cells
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table as OdsTable
from odf.table import TableCell, TableRow
from odf.text import P

Table = Callable[..., Awaitable[Any]]
Preview = Callable[..., dict[str, Any]]
ROWS = [["Id", "Share", "Who"], [1, 0.5, "a"], [2, "#DIV/0!", "NA"], [3, "NA", "#N/A"], ["#REF!", None, None]]


def with_errors(folder: Path, rows: list[list[Any]] = ROWS) -> Path:
    """A workbook whose texts with a # are errors, in a sheet that begins at B3."""
    book = openpyxl.Workbook()
    sheet = book.create_sheet("A & B", 0)
    for y, row in enumerate(rows, 3):
        for x, value in enumerate(row, 2):
            cell = sheet.cell(y, x, value)
            if str(value).startswith("#"):
                cell.data_type = "e"
    book.save(folder / "book")
    return folder / "book"


async def test_errors_are_null_and_the_recipe_says_which(table: Table, tmp_path: Path) -> None:
    loaded = await table(with_errors(tmp_path))
    assert loaded.types == {"id": "BIGINT", "share": "DOUBLE", "who": "VARCHAR"}
    assert await loaded.rows() == [[1, 0.5, "a"], [2, None, "NA"], [3, None, None], [None, None, None]]
    words = loaded.run.recipe["null_words"]
    assert words == {"Id": ["", "#REF!"], "Share": ["", "#DIV/0!", "NA"], "Who": ["", "#N/A"]}
    again = await table(tmp_path / "book", **loaded.run.recipe)
    assert (again.run.recipe, await again.rows()) == (loaded.run.recipe, await loaded.rows())


async def test_errors_that_are_taken_out_are_rejects_with_row_and_column(table: Table, tmp_path: Path) -> None:
    loaded = await table(with_errors(tmp_path), null_words=["", "NA"])
    assert loaded.types == {"id": "BIGINT", "share": "DOUBLE", "who": "VARCHAR"}
    assert await loaded.rows() == [[1, 0.5, "a"], [3, None, "#N/A"]]
    assert [(item["line"], item["column"], item["reason"]) for item in loaded.rejects] == [
        (5, "share", "The value is no DOUBLE."),
        (7, "id", "The value is no BIGINT."),
    ]
    assert loaded.rejects[0]["raw"] == '{"id":"2","share":"#DIV/0!","who":null}'


def test_the_preview_says_how_many_cells_have_which_error(previewed: Preview, tmp_path: Path) -> None:
    rows = [["a", "b"], [1, "#N/A"], ["#N/A", 2], [3, "#DIV/0!"], [4, 5]]
    choice = previewed(with_errors(tmp_path, rows))["preview"]["choices"][-1]
    assert (choice["key"], choice["value"]) == ("null_words", ["", "#N/A", "#DIV/0!"])
    assert choice["reason"] == "error cells: 1 with #DIV/0!, 2 with #N/A, read as empty"
    assert choice["alternatives"] == [{"value": [""], "reason": "a row with an error is a reject"}]


async def test_errors_of_an_open_document_are_found_too(table: Table, tmp_path: Path) -> None:
    file = tmp_path / "book"
    document, sheet = OpenDocumentSpreadsheet(), OdsTable(name="Sheet 1")
    document.spreadsheet.addElement(sheet)
    for row in (["a", "b"], [1, "x"], [2, "y"], ["#DIV/0!", "z"]):
        line = TableRow()
        sheet.addElement(line)
        for value in row:
            cell = (
                TableCell(valuetype="string") if isinstance(value, str) else TableCell(valuetype="float", value=value)
            )
            cell.addElement(P(text=str(value)))
            line.addElement(cell)
    document.write(file)
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    plain = b'office:value-type="string"><text:p>#DIV/0!'
    assert plain in members["content.xml"]
    marked = b'office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>#DIV/0!'
    members["content.xml"] = members["content.xml"].replace(plain, marked)
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    loaded = await table(file)
    assert (loaded.run.recipe["null_words"], loaded.types) == (["", "#DIV/0!"], {"a": "BIGINT", "b": "VARCHAR"})
    assert await loaded.rows() == [[1, "x"], [2, "y"], [None, "z"]]
    loaded = await table(file, null_words=[""])
    assert [(item["line"], item["column"]) for item in loaded.rejects] == [(4, "a")]


async def test_errors_of_an_old_workbook_are_found_too(table: Table, tmp_path: Path) -> None:
    book = xlwt.Workbook()
    book.add_sheet("First").row(2).set_cell_error(1, "#REF!")
    sheet = book.add_sheet("Zahlen ü")
    for y, row in enumerate((["a", "b"], [1, "x"], ["#DIV/0!", "y"], [3, "#NUM!"]), 4):
        for x, value in enumerate(row, 2):
            if str(value).startswith("#"):
                sheet.row(y).set_cell_error(x, value)
            else:
                sheet.write(y, x, value)
    book.save(str(tmp_path / "book"))
    loaded = await table(tmp_path / "book", sheet="Zahlen ü")
    assert loaded.run.recipe["null_words"] == ["", "#DIV/0!", "#NUM!"]
    assert await loaded.rows() == [[1, "x"], [None, "y"], [3, None]]
    loaded = await table(tmp_path / "book", sheet="Zahlen ü", null_words=["", "#NUM!"])
    assert [(item["line"], item["column"]) for item in loaded.rejects] == [(7, "a")]


@pytest.mark.parametrize("content", [b"", b"\xd0\xcf\x11\xe0" * 200, bytes(range(256)) * 20])
def test_a_damaged_container_has_no_errors_to_be_found(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "book").write_bytes(content)
    for format in ("xls", "xlsx", "ods"):
        assert error_cells(tmp_path / "book", format, "Sheet") == {}


@pytest.mark.parametrize(
    "tag", ['<x:c r="B2" t="e"><x:v>#N/A</x:v></x:c>', "<c t='e' r='B2'><f>1/0</f><v>#N/A</v></c>"]
)
def test_error_cells_are_found_however_they_are_written(tmp_path: Path, tag: str) -> None:
    relations = '<Relationships><Relationship Target="/xl/s.xml" Id="r1" Type="t"/></Relationships>'
    with zipfile.ZipFile(tmp_path / "book", "w") as archive:
        archive.writestr("xl/workbook.xml", '<workbook><sheets><sheet name="A &amp; B" r:id="r1"/></sheets></workbook>')
        archive.writestr("xl/_rels/workbook.xml.rels", relations)
        archive.writestr("xl/s.xml", f'<row><c r="A1"><v>1</v></c></row><row r="2">{tag}</row>')
    assert error_cells(tmp_path / "book", "xlsx", "A & B") == {1: {1: "#N/A"}}
    assert error_cells(tmp_path / "book", "xlsx", "Other") == {}
