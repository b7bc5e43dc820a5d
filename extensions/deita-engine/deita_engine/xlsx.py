"""A result as an Excel workbook of one sheet: its XML is built in SQL, column by column, and packed as it comes.

Tried instead, on 1 M rows: DuckDB's excel extension writes files that Excel must repair (`nan` as a number, control
characters, days before 1900), XlsxWriter takes over a minute. ECMA-376, part 1, section 18.3 says what a sheet is; what
Excel cannot hold as a number or a date without changing it is text.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

import duckdb

from .shapes import EngineError
from .spooled import RELATION, Rows
from .xlsx_cells import BOLD, MAX_CHARACTERS, TOO_LONG, WIDTHS, cell, letters, reference, style_of

MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
LEVEL = 1
BATCH_ROWS = 8192
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{TYPE}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{DOCUMENT}"><sheets>'
    '<sheet name="result" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{DOCUMENT}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{DOCUMENT}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts count="3">'
    '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/>'
    '<numFmt numFmtId="166" formatCode="hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="5">'
    + "".join(
        f'<xf numFmtId="{number}" fontId="{font}" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        for number, font in ((0, 0), (164, 0), (165, 0), (166, 0), (0, 1))
    )
    + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


def write_workbook(
    cursor: duckdb.DuckDBPyConnection, rows: Rows, target: Path, *, raw: bool, check: Callable[[], None]
) -> None:
    """Write the rows of an opened result; `check` is called now and then and may raise.

    Raises EngineError too_large for more rows, columns or characters in a cell than Excel has.
    """
    count = int(cursor.execute(f"SELECT count(*) FROM {RELATION}").fetchall()[0][0])  # noqa: S608
    if count >= MAX_ROWS or len(rows.names) > MAX_COLUMNS:
        raise _too_large(f"Excel has {MAX_ROWS:,} rows and {MAX_COLUMNS:,} columns; this has {count:,} rows.")
    types = [(str(row[0]), str(row[1])) for row in cursor.execute(f"DESCRIBE FROM {RELATION}").fetchall()]
    begins = (reference(letters(place), rows.spare) for place in range(len(types)))
    cells = (cell(name, kind, begin, raw=raw) for (name, kind), begin in zip(types, begins, strict=True))
    line = " || ".join(["'<row>'", *cells, "'</row>'"])
    sql = f"SELECT {line} FROM (SELECT *, 1 + row_number() OVER () AS {rows.spare} FROM {RELATION})"  # noqa: S608
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as package:
        for name, content in PARTS.items():
            package.writestr(name, XML + content)
        with package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(_head([column.name for column in rows.columns], [kind for _, kind in types]).encode())
            try:
                for text in _texts(cursor, sql):
                    check()
                    sheet.write(text)
            except duckdb.Error as error:
                if TOO_LONG in str(error):
                    raise _too_large(f"A text has more than the {MAX_CHARACTERS:,} characters of a cell.") from error
                raise
            sheet.write(b"</sheetData></worksheet>")


def _too_large(message: str) -> EngineError:
    return EngineError("too_large", message, "Take CSV or Parquet, or ask for less.")


def _texts(cursor: duckdb.DuckDBPyConnection, sql: str) -> Iterator[memoryview]:
    """The text of many rows at once: Arrow lays the values of a column one after the other."""
    with cursor.execute(sql).to_arrow_reader(BATCH_ROWS) as reader:
        for batch in reader:
            if batch.num_rows:
                column = batch.column(0)
                _, offsets, data = column.buffers()
                ends = memoryview(offsets).cast("i")[column.offset : column.offset + len(column) + 1]
                yield memoryview(data)[ends[0] : ends[-1]]


def _head(headers: list[str], types: list[str]) -> str:
    widths = "".join(
        f'<col min="{place}" max="{place}" width="{width}" customWidth="1"/>'
        for place, kind in enumerate(types, 1)
        if (width := WIDTHS.get(style_of(kind)))
    )
    columns = f"<cols>{widths}</cols>" if widths else ""
    cells = "".join(
        f'<c r="{letters(place)}1" s="{BOLD}" t="inlineStr"><is><t xml:space="preserve">{escape(name)}</t></is></c>'
        for place, name in enumerate(headers)
    )
    return (
        f'{XML}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2"'
        ' activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"{columns}<sheetData><row>{cells}</row>"
    )
