"""Files that are made to hurt: each with the codes that may be said of it; none where it is read as a table."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

DAMAGED = frozenset({"file_unreadable", "file_empty", "file_binary", "archive_too_large", "archive_nested"})
DAMAGED_ENCRYPTED = DAMAGED | {"file_encrypted"}
MB = 2**20
ROWS = 400
CSV = b"a,b\n" + b"".join(b"%d,text %d\n" % (n, n) for n in range(ROWS))
TABLE = pa.table({"a": range(ROWS), "b": [f"text {n % 50}" for n in range(ROWS)]})


@dataclass(frozen=True)
class Hostile:
    """A file: how it is made, what may be said of it, and whether it may (or must) become a table."""

    make: Callable[[], bytes]
    codes: frozenset[str] = frozenset()
    reads: bool = False


def refused(make: Callable[[], bytes], *codes: str) -> Hostile:
    return Hostile(make, frozenset(codes))


def read(make: Callable[[], bytes]) -> Hostile:
    return Hostile(make, frozenset(), reads=True)


def either(make: Callable[[], bytes], *codes: str) -> Hostile:
    return Hostile(make, frozenset(codes) or DAMAGED_ENCRYPTED, reads=True)


def zipped(files: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()


def zeros_zipped() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.csv", "w") as out:
        for _ in range(300):
            out.write(b"0" * MB)
    return sink.getvalue()


def lying_zip() -> bytes:
    """It says of a member that it is small."""
    content, true = bytearray(zeros_zipped()), (300 * MB).to_bytes(4, "little")
    return bytes(content.replace(true, (100).to_bytes(4, "little")))


def parquet(table: pa.Table = TABLE, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def arrow(table: pa.Table = TABLE, **options: Any) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as out:
        out.write_table(table)
    return sink.getvalue()


def workbook(rows: int = ROWS) -> bytes:
    book, sink = openpyxl.Workbook(), io.BytesIO()
    for n in range(rows):
        book.worksheets[0].append([n, f"text {n}"])
    book.save(sink)
    return sink.getvalue()


def changed(book: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one part replaced."""
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return zipped({**parts, part: change(parts[part])})


def laughs(part: bytes, text: bytes) -> bytes:
    """The part with a text that grows by entities of entities."""
    entities = b'<!ENTITY l0 "lol">' + b"".join(
        b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10)
    )
    head, rest = part.split(b"?>", 1) if part.startswith(b"<?xml") else (b'<?xml version="1.0"', part)
    return head + b"?><!DOCTYPE r [" + entities + b"]>" + rest.replace(text, b"&l9;", 1)


def far_cell(part: bytes) -> bytes:
    """A sheet whose last cell is the last there can be."""
    row = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return part.replace(b"</sheetData>", row)


def ods_repeated() -> bytes:
    cell = '<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16000"/>'
    content = (
        '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="a"><table:table-row table:number-rows-repeated="1000000">{cell}</table:table-row>'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = '<?xml version="1.0"?><m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    return zipped(
        {"mimetype": kind.encode(), "content.xml": content.encode(), "META-INF/manifest.xml": manifest.encode()}
    )


def locked() -> bytes:
    name = "EncryptedPackage".encode("utf-16-le")
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + name + bytes(600)


def lying_footer(length: int) -> bytes:
    return parquet()[:-8] + length.to_bytes(4, "little") + b"PAR1"


def flipped(content: bytes, seed: int) -> bytes:
    chance, damaged = random.Random(seed), bytearray(content)
    for _ in range(30):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def zstd(content: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


def of_one_text(rows: int, size: int) -> pa.Table:
    text = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * size]))
    return pa.table({"a": text})


def of_texts(rows: int, size: int) -> pa.Table:
    """Long texts, no two the same, but for their first letters."""
    return pa.table({"a": pa.array([f"{n}".ljust(size, "x") for n in range(rows)], pa.large_string())})


def of_lists(rows: int, size: int) -> pa.Table:
    lists = pa.LargeListArray.from_arrays(pa.array(range(0, (rows + 1) * size, size)), pa.repeat(0, rows * size))
    return pa.table({"a": lists})


BODIES: dict[str, Callable[[], bytes]] = {
    "parquet": parquet,
    "xlsx": workbook,
    "gz": lambda: gzip.compress(CSV),
    "zst": lambda: zstd(CSV),
    "arrow": arrow,
    "json": lambda: json.dumps([{"a": n, "b": [n]} for n in range(ROWS)]).encode(),
    "zip": lambda: zipped({"a.csv": CSV}),
}

FILES: dict[str, Hostile] = {
    "nothing": refused(lambda: b"", "file_empty"),
    "header only": read(lambda: b"a,b,c\n"),
    "zip bomb": refused(zeros_zipped, "archive_too_large"),
    "zip bomb that lies": refused(lying_zip, "archive_too_large", "file_unreadable"),
    "gzip bomb": refused(lambda: gzip.compress(b"0" * (300 * MB)), "archive_too_large"),
    "bzip2 bomb": refused(lambda: bz2.compress(b"0" * (300 * MB)), "archive_too_large"),
    "zstd bomb": refused(lambda: zstd(b"0" * (300 * MB)), "archive_too_large"),
    "zip in a zip": refused(lambda: zipped({"a.zip": zipped({"b.csv": CSV})}), "archive_nested"),
    "gzip in a zip": refused(lambda: zipped({"a.gz": gzip.compress(CSV)}), "archive_nested"),
    "gzip in a gzip": refused(lambda: gzip.compress(gzip.compress(CSV)), "archive_nested"),
    "20,000 members": refused(lambda: zipped({str(n): b"" for n in range(20_000)}), "archive_too_large"),
    "100,000 columns": refused(
        lambda: b",".join(b"c%d" % n for n in range(100_000)) + b"\n" + b",".join([b"1"] * 100_000), "file_unreadable"
    ),
    "100,000 names in JSON": refused(
        lambda: json.dumps([{f"c{n}": 1 for n in range(100_000)}]).encode(), "file_unreadable"
    ),
    "another name in each of 100,000 lines": refused(
        lambda: b"".join(b'{"c%d": 1}\n' % n for n in range(100_000)), "file_unreadable"
    ),
    "20,000 columns of Parquet": refused(
        lambda: parquet(pa.table({f"c{n}": [1] for n in range(20_000)})), "file_unreadable"
    ),
    "2,000 columns of one name": read(lambda: (",".join(["a"] * 2000) + "\n" + ",".join(["1"] * 2000)).encode()),
    "a line of 50 MB": refused(lambda: b"a,b\n1," + b"x" * (50 * MB) + b"\n", "line_too_long"),
    "a JSON value of 50 MB": refused(lambda: b'[{"a": "' + b"x" * (50 * MB) + b'"}]', "file_unreadable"),
    "JSON 100,000 deep": refused(lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "file_unreadable"),
    "lists 100,000 deep": refused(lambda: b'[{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}]", "file_unreadable"),
    "NUL bytes": refused(lambda: b"a,b\n1,\0\n2,3\n", "file_binary"),
    "NUL in JSON": either(lambda: b'[{"a": "x\\u0000y"}, {"a\\u0000b": 1}]', "file_unreadable"),
    "lone surrogates": read(lambda: b"a,b\n1,\xed\xa0\x80\n2,x\n3,\xed\xbf\xbf\n"),
    "lone surrogates in JSON": either(lambda: b'[{"a": "\\ud800"}, {"\\udfff": "b"}]', "file_unreadable"),
    "bidi names": read(lambda: "\u202eeman,\u2066b\u2069,\u200bc\n1,2,3\n4,5,6\n".encode()),
    "reserved names": read(lambda: b"select,rowid,from,CON,__proto__,file_row_number\n1,2,3,4,5,6\n7,8,9,1,2,3\n"),
    "200,000 open quotes": either(lambda: b"a,b\n" + b'"x\n' * 200_000, "file_unreadable", "line_too_long"),
    "a line of a million quotes": either(
        lambda: b"a,b\n1," + b'"' * 1_000_001 + b",x\n2,3\n", "file_unreadable", "line_too_long"
    ),
    "lines of quotes and commas": either(
        lambda: b"a,b,c\n" + (b'1,"' + b'",x"' * 5000 + b"\n") * 100, "file_unreadable", "line_too_long"
    ),
    "a million empty lines": either(lambda: b"a,b\n" + b"\n" * 1_000_000, "file_empty", "file_unreadable"),
    "a number of a million digits": read(lambda: b"a,b\n1,2\n" + b"9" * 1_000_000 + b",3\n"),
    "xlsx with entities": either(
        lambda: changed(workbook(), "xl/workbook.xml", lambda part: laughs(part, b"Sheet")), "file_unreadable"
    ),
    "xlsx with entities in the sheet": either(
        lambda: changed(workbook(), "xl/worksheets/sheet1.xml", lambda part: laughs(part, b"text 1")), "file_unreadable"
    ),
    "xlsx whose last cell is far": either(
        lambda: changed(workbook(), "xl/worksheets/sheet1.xml", far_cell), "file_unreadable", "archive_too_large"
    ),
    "xlsx that is a bomb": refused(
        lambda: changed(workbook(), "xl/worksheets/sheet1.xml", lambda part: part + b" " * (300 * MB)),
        "archive_too_large",
    ),
    "xlsx with a password": refused(locked, "file_encrypted"),
    "ods of repeated cells": refused(ods_repeated, "file_unreadable", "archive_too_large"),
    **{f"Parquet whose footer has {n} bytes": refused(lambda n=n: lying_footer(n), "file_unreadable")  # type: ignore[misc]
       for n in (0, 8, MB, 2**31 - 1, 2**32 - 1)},
    "Parquet of a text of 100 MB in a kilobyte": read(lambda: parquet(of_one_text(10_000, 10_000))),
    "Parquet of a text of 2 GB in five kilobytes": read(lambda: parquet(of_one_text(20_000, 100_000))),
    "Parquet of 300 MB of texts in 50 kilobytes": either(
        lambda: parquet(of_texts(6000, 50_000), compression="zstd", use_dictionary=False), "out_of_memory"
    ),
    "Parquet of a page of 300 MB": refused(
        lambda: parquet(of_texts(30, 10**7), compression="zstd", use_dictionary=False, data_page_size=2**30),
        "out_of_memory",
    ),
    **{f"Parquet of {rows} lists of 20 million numbers": refused(
        lambda rows=rows: parquet(of_lists(rows, 20 * 10**6 // rows), compression="zstd"), "archive_too_large")  # type: ignore[misc]
       for rows in (1, 2000)},
    "Parquet of 2,000 lists of 2,000 numbers": read(lambda: parquet(of_lists(2000, 2000), compression="zstd")),
    "Arrow of zeros": either(lambda: arrow(pa.table({"a": pa.array([0] * 10 * MB, pa.int8())}), compression="zstd")),
    **{f"{name} cut": refused(lambda make=make: make()[: len(make()) * 2 // 3], *DAMAGED)  # type: ignore[misc]
       for name, make in BODIES.items()},
    **{f"{name} with bits flipped, {seed}": either(lambda make=make, seed=seed: flipped(make(), seed))  # type: ignore[misc]
       for name, make in BODIES.items() for seed in range(3)},
}  # fmt: skip
