"""The error cells of a sheet of an Excel 97 workbook: its stream out of the OLE container, its records one by one.

Sources: MS-CFB for the container (sectors, their chains, the directory), MS-XLS 2.4 for the records BoundSheet8,
BoolErr and Formula.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
}  # fmt: skip
FORMULA, END, BOUND_SHEET, BOOL_ERR, BEGIN = 0x0006, 0x000A, 0x0085, 0x0205, 0x0809
ENTRY, LAST_SECTOR, DIFAT = 128, 0xFFFFFFFA, 109
SECTOR_SIZES = (512, 4096)


def xls_errors(path: Path, sheet: str) -> Iterator[tuple[int, int, str]]:
    """Row, column (from 0) and text of each error; raises ValueError, struct.error for a file that is damaged."""
    stream = _workbook(path.read_bytes())
    for kind, content in _records(stream, 0):
        if kind == BOUND_SHEET and _name(content) == sheet:
            yield from _cells(stream, struct.unpack_from("<I", content)[0])
            return


def _cells(stream: bytes, start: int) -> Iterator[tuple[int, int, str]]:
    depth = 0
    for kind, content in _records(stream, start):
        if kind == BEGIN:
            depth += 1
        elif kind == END:
            depth -= 1
            if depth <= 0:
                return
        elif kind == BOOL_ERR and content[7]:
            row, column = struct.unpack_from("<HH", content)
            yield row, column, ERRORS.get(content[6], "#ERROR")
        elif kind == FORMULA and content[12:14] == b"\xff\xff" and content[6] == 2:
            row, column = struct.unpack_from("<HH", content)
            yield row, column, ERRORS.get(content[8], "#ERROR")


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + size]
        at += 4 + size


def _name(content: bytes) -> str:
    size, wide = content[6], content[7] & 1
    return content[8 : 8 + size * (1 + wide)].decode("utf-16-le" if wide else "latin-1")


def _workbook(content: bytes) -> bytes:
    """The workbook's stream; nothing for one so small that it lies in the mini stream, which no program writes."""
    size = 1 << struct.unpack_from("<B", content, 30)[0]
    if size not in SECTOR_SIZES:
        raise ValueError("there are no sectors of that size")
    (first,) = struct.unpack_from("<I", content, 48)
    table = _table(content, size)
    directory = _chained(content, size, table, first)
    for at in range(0, len(directory), ENTRY):
        entry = directory[at : at + ENTRY]
        name = entry[: max(struct.unpack_from("<H", entry, 64)[0] - 2, 0)].decode("utf-16-le", "replace")
        if name in ("Workbook", "Book"):
            start, length = struct.unpack_from("<IQ", entry, 116)
            if length < struct.unpack_from("<I", content, 56)[0]:
                return b""
            return _chained(content, size, table, start)[:length]
    raise ValueError("the container holds no workbook")


def _table(content: bytes, size: int) -> list[int]:
    """The sector that follows each one."""
    sectors = list(struct.unpack_from(f"<{DIFAT}I", content, 76))
    (following,) = struct.unpack_from("<I", content, 68)
    while following < LAST_SECTOR and len(sectors) * size < len(content):
        *more, following = struct.unpack_from(f"<{size // 4}I", content, (following + 1) * size)
        sectors += more
    found: list[int] = []
    for sector in sectors:
        if sector < LAST_SECTOR:
            found += struct.unpack_from(f"<{size // 4}I", content, (sector + 1) * size)
    return found


def _chained(content: bytes, size: int, table: list[int], sector: int) -> bytes:
    parts: list[bytes] = []
    while sector < LAST_SECTOR and len(parts) <= len(table):
        if sector >= len(table):
            raise ValueError("a chain of sectors leaves the container")
        parts.append(content[(sector + 1) * size : (sector + 2) * size])
        sector = table[sector]
    return b"".join(parts)
