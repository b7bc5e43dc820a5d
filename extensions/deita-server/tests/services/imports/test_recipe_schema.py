"""The schema of recipes as outsiders get it, against the recipes that imports answer with."""

from __future__ import annotations

import gzip
import io
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import xlwt
from jsonschema import Draft202012Validator
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from ...workspace_server import RunningServer

ROWS = (["City", "People"], ["Kyiv", "2950000"], ["Lviv", "NA"], ["Total", "2950000"])
TABLE = pa.table({"city": ["Kyiv", "Lviv"], "people": [2_950_000, 717_000]})
TEXT = b"day;cost;who\n13.02.2024;1,50;NA\n14.02.2024;NA;x\n"


def xlsx() -> bytes:
    """Return a workbook with one sheet, a null word and a sum."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    for city, people in ROWS:
        book.active.append([city, int(people) if people.isdigit() else people])
    book.save(out)
    return out.getvalue()


def xls() -> bytes:
    """Return the same as a workbook of Excel 97."""
    book, out = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("Cities")
    for y, row in enumerate(ROWS):
        for x, cell in enumerate(row):
            sheet.write(y, x, cell)
    book.save(out)
    return out.getvalue()


def ods() -> bytes:
    """Return the same as an OpenDocument."""
    document, sheet, out = OpenDocumentSpreadsheet(), Table(name="Cities"), io.BytesIO()
    document.spreadsheet.addElement(sheet)
    for row in ROWS:
        line = TableRow()
        sheet.addElement(line)
        for value in row:
            cell = TableCell(valuetype="string")
            cell.addElement(P(text=value))
            line.addElement(cell)
    document.write(out)
    return out.getvalue()


def parquet() -> bytes:
    """Return a Parquet file."""
    out = io.BytesIO()
    pq.write_table(TABLE, out)
    return out.getvalue()


def arrow() -> bytes:
    """Return an Arrow file."""
    out = io.BytesIO()
    with pa.ipc.new_file(out, TABLE.schema) as file:
        file.write_table(TABLE)
    return out.getvalue()


def zipped() -> bytes:
    """Return an archive with two texts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("first.csv", TEXT)
        archive.writestr("second.csv", b"a\n1\n")
    return out.getvalue()


FILES = {
    "csv": TEXT,
    "xlsx": xlsx(),
    "xls": xls(),
    "ods": ods(),
    "json": b'[{"a": 1}]',
    "ndjson": b'{"a": 1}\n{"a": 2}\n',
    "parquet": parquet(),
    "arrow": arrow(),
    "csv.gz": gzip.compress(TEXT),
    "zip": zipped(),
}


def test_recipes_of_every_format_keep_to_the_schema_that_is_served(workspace: RunningServer):
    answer = workspace.api.get("/imports/recipe-schema")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/schema+json")
    schema = answer.json()
    Draft202012Validator.check_schema(schema)
    formats = set()
    for ending, content in FILES.items():
        workspace.put(f"schema.{ending}", content)
        recipe = workspace.import_file(f"schema.{ending}", mode="replace", table="by_schema")["recipe"]
        Draft202012Validator(schema).validate(recipe)
        assert set(recipe) <= set(schema["properties"])
        formats.add(recipe["format"])
    assert formats == {"csv", "xlsx", "xls", "ods", "json", "ndjson", "parquet", "arrow"}
