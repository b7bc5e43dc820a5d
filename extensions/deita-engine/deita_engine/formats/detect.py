"""What kind of file a blob is, by its bytes; its name is not asked, because names lie."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from deita_engine.shapes import EngineError

HEAD = 256 * 1024
BINARY_MAGIC = (
    b"PK\x03\x04", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"SQLite format 3", b"\xd0\xcf\x11\xe0", b"\x7fELF",
    b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"ARROW1", b"ORC", b"Obj\x01", b"MZ\x90", b"wOF",
)  # fmt: skip


@dataclass(frozen=True)
class Detected:
    """The format, and for text how it is packed and encoded."""

    format: str
    compression: str = "none"
    encoding: str = "utf-8"


def detect(path: Path) -> Detected:
    """Raises EngineError file_empty, file_binary, file_unreadable."""
    with path.open("rb") as file:
        head = file.read(HEAD)
        if not head:
            raise EngineError("file_empty", "The file is empty.")
        if head.startswith(b"PAR1"):
            return Detected("parquet")
    compression = _compression(head)
    if compression != "none":
        head = _unpacked(path, compression)
    if head.startswith(BINARY_MAGIC):
        raise EngineError(
            "file_binary", "The file is not text.", "CSV (also gzip or zstd) and Parquet can be imported."
        )
    encoding = text_encoding(head)
    if not head.decode(encoding, "replace").strip("\ufeff \t\r\n"):
        raise EngineError("file_empty", "The file has no rows, not even a header.")
    return Detected("csv", compression, encoding)


def text_encoding(head: bytes) -> str:
    """The encoding of a text that starts so; raises EngineError file_binary when it is none."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\x00" in head:
        return _wide(head)
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return "cp1252"
    return "utf-8"


def _wide(head: bytes) -> str:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    if even > half * 0.4 and odd < half * 0.05:
        return "utf-16-be"
    raise EngineError("file_binary", "The file is not text: it holds NUL bytes.")


def _compression(head: bytes) -> str:
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    return "zstd" if head.startswith(b"\x28\xb5\x2f\xfd") else "none"


def _unpacked(path: Path, compression: str) -> bytes:
    try:
        if compression == "gzip":
            with gzip.open(path) as file:
                head = file.read(HEAD)
        else:
            with pa.input_stream(str(path), compression="zstd") as stream:
                head = stream.read(HEAD)
    except (OSError, EOFError, zlib.error, pa.ArrowInvalid) as error:
        raise EngineError("file_unreadable", f"The file looks like {compression} but cannot be unpacked.") from error
    if not head:
        raise EngineError("file_empty", "The packed file is empty.")
    return bytes(head)
