from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table as OdsTable
from odf.table import TableCell, TableRow
from odf.text import P

Table = Callable[..., Awaitable[Any]]
DAY = datetime.date(2024, 1, 2)
ROWS = [
    ["Id", "Total Amount", "Day", "Paid", "Note"],
    [1, 1.5, DAY, True, "x"],
    [2, 2, DAY + datetime.timedelta(1), False, None],
]


def xlsx(folder: Path, *sheets: list[list[Any]], name: str = "book", merged: tuple[str, ...] = ()) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, rows in enumerate(sheets, 1):
        sheet = book.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(row)
    for cells in merged:
        book.worksheets[0].merge_cells(cells)
    book.save(folder / name)
    return folder / name


def xls(folder: Path, rows: list[list[Any]]) -> Path:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet 1")
    style = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if cell is not None:
                sheet.write(y, x, cell, *([style] if isinstance(cell, datetime.date) else []))
    book.save(str(folder / "book"))
    return folder / "book"


def ods(folder: Path, rows: list[list[Any]]) -> Path:
    document = OpenDocumentSpreadsheet()
    table = OdsTable(name="Sheet 1")
    document.spreadsheet.addElement(table)
    for row in rows:
        line = TableRow()
        table.addElement(line)
        for cell in row:
            line.addElement(ods_cell(cell))
    document.write(folder / "book")
    return folder / "book"


def ods_cell(value: Any) -> Any:
    if value is None:
        return TableCell()
    if isinstance(value, bool):
        return TableCell(valuetype="boolean", booleanvalue=str(value).lower())
    if isinstance(value, datetime.date):
        return TableCell(valuetype="date", datevalue=value.isoformat())
    if isinstance(value, str):
        cell = TableCell(valuetype="string")
        cell.addElement(P(text=value))
        return cell
    return TableCell(valuetype="float", value=str(value))


@pytest.mark.parametrize(("make", "format"), [(xlsx, "xlsx"), (xls, "xls"), (ods, "ods")])
async def test_cells_keep_their_types(
    table: Table, tmp_path: Path, make: Callable[[Path, list[list[Any]]], Path], format: str
) -> None:
    loaded = await table(make(tmp_path, ROWS))
    assert loaded.types == {
        "id": "BIGINT",
        "total_amount": "DOUBLE",
        "day": "DATE",
        "paid": "BOOLEAN",
        "note": "VARCHAR",
    }
    assert await loaded.rows() == [[1, 1.5, "2024-01-02", True, "x"], [2, 2.0, "2024-01-03", False, None]]
    assert loaded.run.commit.labels["total_amount"] == "Total Amount"
    recipe = loaded.run.recipe
    assert (recipe["format"], recipe["sheet"], recipe["range"], recipe["header"]) == (format, "Sheet 1", "A1:E", 1)
    again = await table(tmp_path / "book", **recipe)
    assert (again.run.recipe, again.run.rows) == (recipe, 2)


async def test_a_title_above_and_notes_below_are_no_rows(table: Table, tmp_path: Path) -> None:
    rows = [["Sales of 2024"], [], [None, "Region", "Units", "Price"], [None, "North", 1, 2.5], [None, "South", 3, 4.5]]
    loaded = await table(xlsx(tmp_path, [*rows, [], ["Source: our own"], ["Page 1"]]))
    assert (loaded.run.recipe["range"], loaded.run.recipe["header"]) == ("B3:D5", 1)
    assert await loaded.rows() == [["North", 1, 2.5], ["South", 3, 4.5]]
    assert loaded.types == {"region": "VARCHAR", "units": "BIGINT", "price": "DOUBLE"}


async def test_merged_cells_in_two_header_rows_name_all_their_columns(table: Table, tmp_path: Path) -> None:
    rows = [
        ["Report"],
        ["Region", "2023", None, "2024", None],
        [None, "Units", "Price", "Units", "Price"],
        ["North", 1, 1.5, 2, 2.5],
    ]
    file = xlsx(tmp_path, rows, merged=("A1:E1", "A2:A3", "B2:C2", "D2:E2"))
    loaded = await table(file)
    assert loaded.run.recipe["header"] == 2
    assert list(loaded.run.recipe["columns"]) == ["Region", "2023 Units", "2023 Price", "2024 Units", "2024 Price"]
    assert await loaded.rows() == [["North", 1, 1.5, 2, 2.5]]


async def test_years_above_numbers_are_names_and_numbers_alone_have_none(table: Table, tmp_path: Path) -> None:
    loaded = await table(xlsx(tmp_path, [["Country", 2019, 2020], ["A", 1, 2], ["B", 3, 4.5]]))
    assert loaded.types == {"country": "VARCHAR", "_2019": "BIGINT", "_2020": "DOUBLE"}
    loaded = await table(xlsx(tmp_path, [[1, "a"], [2, "b"]]))
    assert (loaded.run.recipe["header"], loaded.run.rows) == (0, 2)


async def test_columns_of_several_types_are_text_as_it_is_shown(table: Table, tmp_path: Path) -> None:
    cells = [1, 1.5, True, DAY, datetime.datetime(2024, 1, 2, 3, 4), "x", datetime.time(1, 2), None, 12345678901]
    loaded = await table(xlsx(tmp_path, [["n", "mixed"], *([n, cell] for n, cell in enumerate(cells))]))
    assert loaded.types == {"n": "BIGINT", "mixed": "VARCHAR"}
    assert [row[0] for row in await loaded.rows("select mixed from t order by n")] == [
        "1", "1.5", "TRUE", "2024-01-02", "2024-01-02 03:04:00", "x", "01:02:00", None, "12345678901",
    ]  # fmt: skip


async def test_error_cells_and_words_for_nothing_are_null(table: Table, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (["a", "b"], [1, "NA"], [None, 2], [3, "-"], [4, 5]):
        sheet.append(row)
    sheet["A3"] = "#DIV/0!"
    sheet["A3"].data_type = "e"
    book.save(tmp_path / "book")
    loaded = await table(tmp_path / "book")
    assert (loaded.types, loaded.run.recipe["null_words"]) == (
        {"a": "BIGINT", "b": "BIGINT"},
        ["", "#DIV/0!", "-", "NA"],
    )
    assert await loaded.rows() == [[1, None], [None, 2], [3, None], [4, 5]]


async def test_sheet_range_header_and_types_can_be_said(table: Table, tmp_path: Path) -> None:
    second = [["x", 1, "p"], ["y", 2, "q"], ["z", "none", "r"], ["end", 4, "s"]]
    file = xlsx(tmp_path, ROWS, second)
    loaded = await table(file, sheet="Sheet 2", header=0)
    assert await loaded.rows() == [["x", "1", "p"], ["y", "2", "q"], ["z", "none", "r"], ["end", "4", "s"]]
    loaded = await table(file, sheet="Sheet 2", header=0, range="A2:$B$3", columns={"column2": "INTEGER"})
    assert (loaded.run.rows, await loaded.rows()) == (1, [["y", 2]])
    assert loaded.rejects == [
        {
            "line": 3,
            "column": "column2",
            "raw": '{"column1":"z","column2":"none"}',
            "reason": "The value is no INTEGER.",
        }
    ]
    loaded = await table(file, columns={"total_amount": "VARCHAR", "Id": "VARCHAR"})
    assert await loaded.rows("select id, total_amount from t") == [["1", "1.5"], ["2", "2"]]
    for wrong in ({"sheet": "Sheet 9"}, {"range": "A:B"}, {"range": "X1:Z"}, {"delimiter": ";"}, {"format": "csv"}):
        assert (await table(file, **wrong)).code == "bad_recipe"


async def test_empty_rows_and_columns_are_left_out_and_every_other_row_is_there(table: Table, tmp_path: Path) -> None:
    rows = [["a", None, "a"], [1, None, "x"], [], [None, None, "y"], [3]]
    loaded = await table(xlsx(tmp_path, rows))
    assert list(loaded.run.recipe["columns"]) == ["a", "a_1"]
    assert await loaded.rows() == [[1, "x"], [None, "y"], [3, None]]


async def test_a_workbook_is_read_out_of_a_zip_too(table: Table, tmp_path: Path) -> None:
    file = xlsx(tmp_path, ROWS)
    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        archive.write(file, "in/book.xlsx")
        archive.writestr("b.csv", "c\n1\n")
    loaded = await table(tmp_path / "zip")
    assert (loaded.run.recipe["format"], loaded.run.recipe["member"], loaded.run.rows) == ("xlsx", "in/book.xlsx", 2)
    assert (await table(tmp_path / "zip", member="b.csv")).types == {"c": "BIGINT"}


def repacked(file: Path, **members: str | None) -> None:
    """Replace, add or (None) remove members of a zip file; `__` stands for a slash."""
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    for name, text in members.items():
        path = name.replace("__", "/") + ".xml"
        content.pop(path, None)
        if text is not None:
            content[path] = text.encode()
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    file.write_bytes(sink.getvalue())


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


async def test_hostile_workbooks_are_refused(table: Table, tmp_path: Path) -> None:
    file = xlsx(tmp_path, ROWS)
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    repacked(file, xl__worksheets__sheet1=SHEET.format(far))
    loaded = await table(file)
    assert loaded.code == "file_unreadable"
    assert str(tmp_path) not in loaded.run.error.message
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "bomb">{entities}]>'
    repacked(file, xl__worksheets__sheet1=bomb + SHEET.format('<row r="1"><c r="A1" t="str"><v>&a11;</v></c></row>'))
    loaded = await table(file)
    assert loaded.code in ("file_unreadable", None)
    assert loaded.run.rows <= 1
    repacked(file, xl__worksheets__sheet1=SHEET.format(""))
    assert (await table(file)).code == "file_empty"
    repacked(file, xl__workbook=None, word__document="<x/>")
    assert (await table(file)).code == "file_binary"


async def test_a_workbook_with_a_password_says_so(table: Table, tmp_path: Path) -> None:
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    (tmp_path / "book").write_bytes(content)
    assert (await table(tmp_path / "book")).code == "file_encrypted"
    (tmp_path / "book").write_bytes(content.replace("EncryptedPackage".encode("utf-16-le"), b""))
    assert (await table(tmp_path / "book")).code == "file_binary"
