"""The error cells of a sheet (#DIV/0!, #N/A …), which calamine gives as empty ones.

xlsx keeps them as cells of type `e` (ECMA-376, 18.18.11), OpenDocument as empty texts that LibreOffice marks by an
attribute of its own. Both are looked for in the bytes of the sheet's part, which takes a fifth of what reading it
does. Those of xls are in `xls_errors`; the binary form of xlsx is not looked into.
"""

from __future__ import annotations

import html
import posixpath
import re
import struct
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.parsers import expat

from .xls_errors import xls_errors

CHUNK = 1024**2
MAX_ROW = 32 * CHUNK
Errors = dict[int, dict[int, str]]
"""By row, then column, both from 0 as in the sheet, the error's text."""

SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*>")
RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")
ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
CELL = re.compile(
    rb"""<(?:\w+:)?c\s(?=[^>]*?\br=["']([A-Z]{1,3})(\d{1,7})["'])(?=[^>]*?\bt=["']e["'])[^>]*>(?:(?!</(?:\w+:)?c>).)*?"""
    rb"""<(?:\w+:)?v>([^<]{1,40})</""",
    re.DOTALL,
)
MARKED = b'value-type="error"'


def error_cells(path: Path, format: str, sheet: str) -> Errors:
    """The errors of a sheet; none when its part is not where it should be."""
    try:
        if format == "xls":
            return _of_xls(path, sheet)
        with zipfile.ZipFile(path) as archive:
            return _of_xlsx(archive, sheet) if format == "xlsx" else _of_ods(archive, sheet)
    except (LookupError, ValueError, struct.error, zipfile.BadZipFile, expat.ExpatError, NotImplementedError, EOFError):
        return {}  # calamine says what is wrong with the file


def _of_xls(path: Path, sheet: str) -> Errors:
    errors: Errors = {}
    for row, column, text in xls_errors(path, sheet):
        errors.setdefault(row, {})[column] = text
    return errors


def _of_xlsx(archive: zipfile.ZipFile, sheet: str) -> Errors:
    errors: Errors = {}
    for rows in _rows(archive, _part(archive, sheet)):
        if b't="e"' not in rows and b"t='e'" not in rows:
            continue
        for letters, number, text in CELL.findall(rows):
            column = 0
            for letter in letters:
                column = column * 26 + letter - 64
            row = errors.setdefault(int(number) - 1, {})
            row[column - 1] = sys.intern(html.unescape(text.decode("utf-8", "replace")))
    return errors


def _part(archive: zipfile.ZipFile, sheet: str) -> str:
    """The name of the sheet's part; raises KeyError."""
    sheets = [_attributes(tag) for tag in SHEET.findall(archive.read("xl/workbook.xml"))]
    wanted = next((found for found in sheets if found.get("name") == sheet), {})
    relation = next(value for name, value in wanted.items() if name.endswith(":id")) if wanted else ""
    relations = [_attributes(tag) for tag in RELATION.findall(archive.read("xl/_rels/workbook.xml.rels"))]
    target = {found["Id"]: found["Target"] for found in relations}[relation]
    return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")


def _attributes(tag: bytes) -> dict[str, str]:
    return {
        name.decode(): html.unescape((double or single).decode("utf-8", "replace"))
        for name, double, single in ATTRIBUTE.findall(tag)
    }


def _rows(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """The part in pieces that end with a row."""
    left = b""
    with archive.open(part) as file:
        while chunk := file.read(CHUNK):
            left += chunk
            end = max(left.rfind(b"</row>"), left.rfind(b":row>")) + 1 or (len(left) if len(left) > MAX_ROW else 0)
            if end:
                yield left[:end]
                left = left[end:]
    yield left


def _of_ods(archive: zipfile.ZipFile, sheet: str) -> Errors:
    with archive.open("content.xml") as file:
        before = b""
        while chunk := file.read(CHUNK):
            if MARKED in before + chunk:
                break
            before = chunk[-len(MARKED) :]
        else:
            return {}
    with archive.open("content.xml") as file:
        return _OdsErrors(sheet).found(file)


class _OdsErrors:
    """Counts rows and cells of one table, with their repetitions, and keeps the texts of those marked as errors."""

    def __init__(self, sheet: str) -> None:
        self.sheet, self.errors = sheet, Errors()
        self.inside, self.row, self.repeated, self.column = False, 0, 1, 0
        self.text: list[str] | None = None
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end
        self.parser.CharacterDataHandler = self._data

    def found(self, file: IO[bytes]) -> Errors:
        """Those of the document."""
        self.parser.ParseFile(file)
        return self.errors

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table:table":
            self.inside, self.row = attributes.get("table:name") == self.sheet, 0
        elif not self.inside:
            return
        elif name == "table:table-row":
            self.repeated, self.column = int(attributes.get("table:number-rows-repeated", 1)), 0
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self.text = [] if attributes.get("calcext:value-type") == "error" else None
            self.width = int(attributes.get("table:number-columns-repeated", 1))

    def _end(self, name: str) -> None:
        if not self.inside:
            return
        if name == "table:table":
            self.inside = False
        elif name == "table:table-row":
            self.row += self.repeated
        elif name in ("table:table-cell", "table:covered-table-cell"):
            if self.text is not None:
                self._keep("".join(self.text))
            self.column, self.text = self.column + self.width, None

    def _keep(self, text: str) -> None:
        for row in range(self.row, self.row + min(self.repeated, 1000)):
            for column in range(self.column, self.column + min(self.width, 1000)):
                self.errors.setdefault(row, {})[column] = sys.intern(text)

    def _data(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)
