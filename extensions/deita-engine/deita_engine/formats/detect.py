"""What kind of file a blob is, by its (unpacked) bytes; its name is not asked, because names lie."""

from __future__ import annotations

import json
import re
from pathlib import Path

from deita_engine.shapes import EngineError

from .encoding import text_encoding
from .workbooks import workbook_kind

HEAD = 256 * 1024
LINES = 20
OBJECT = re.compile(r"\{\s*[\"}]")
TEXT_FORMATS = ("csv", "json", "ndjson")
ARROW_STREAM = b"\xff\xff\xff\xff"
BINARY_MAGIC = (
    b"%PDF", b"FEA1", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"SQLite format 3", b"\x7fELF", b"\xfd7zXZ", b"7z\xbc\xaf",
    b"Rar!", b"ORC", b"Obj\x01", b"MZ\x90", b"wOF",
)  # fmt: skip
KNOWN = "CSV, Excel, OpenDocument, JSON, Parquet and Arrow can be imported, also as gz, zst, bz2 or in a zip."


def detect(path: Path) -> str:
    """The format's name; raises EngineError file_empty, file_binary, file_encrypted."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise EngineError("file_empty", "The file is empty.")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"ARROW1") or _starts_arrow_stream(head):
        return "arrow"
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return workbook_kind(path)
    if head.startswith(BINARY_MAGIC):
        raise EngineError("file_binary", "The file is not text.", KNOWN)
    return _text_format(head, cut=len(head) == HEAD)


def _starts_arrow_stream(head: bytes) -> bool:
    """An encapsulated message: the continuation marker, then a length that metadata can have (Arrow IPC format)."""
    return head.startswith(ARROW_STREAM) and 0 < int.from_bytes(head[4:8], "little", signed=True) < 2**28


def _text_format(head: bytes, *, cut: bool) -> str:
    text = head.decode(text_encoding(head), "replace").strip("\ufeff \t\r\n")
    if not text:
        raise EngineError("file_empty", "The file has no rows, not even a header.")
    if text.startswith("["):
        first = text[1:].lstrip()
        return "json" if first.startswith("]") or _starts_object(first, cut) else "csv"
    if not text.startswith("{"):
        return "csv"
    lines = [line for line in text.splitlines()[: LINES + 1] if line.strip()]
    if cut and len(lines) <= LINES:
        lines = lines[:-1] or lines
    objects = [_is_object(line) for line in lines[:LINES]]
    if len(lines) > 1 and (objects[0] or sum(objects) * 2 >= len(objects)):
        return "ndjson"
    return "json" if _starts_object(text, cut) else "csv"


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _starts_object(text: str, cut: bool) -> bool:
    """Whether a JSON object stands at the start, as far as the text goes."""
    if not OBJECT.match(text):
        return False
    try:
        json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        at_the_end = error.pos >= len(text) - 16 or error.msg.startswith("Unterminated string")
        return at_the_end or (cut and error.pos > len(text) // 2)
    except RecursionError:
        return True
    return True
