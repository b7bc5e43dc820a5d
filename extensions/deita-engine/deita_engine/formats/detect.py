"""What kind of file a blob is, by its (unpacked) bytes; its name is not asked, because names lie."""

from __future__ import annotations

from pathlib import Path

from deita_engine.shapes import EngineError

from .encoding import text_encoding

HEAD = 256 * 1024
BINARY_MAGIC = (
    b"PK\x03\x04", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"SQLite format 3", b"\xd0\xcf\x11\xe0", b"\x7fELF",
    b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"ARROW1", b"ORC", b"Obj\x01", b"MZ\x90", b"wOF",
)  # fmt: skip


def detect(path: Path) -> str:
    """The format's name; raises EngineError file_empty, file_binary."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise EngineError("file_empty", "The file is empty.")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(BINARY_MAGIC):
        raise EngineError(
            "file_binary", "The file is not text.", "CSV and Parquet can be imported, also as gz, zst, bz2 or in a zip."
        )
    encoding = text_encoding(head)
    if not head.decode(encoding, "replace").strip("\ufeff \t\r\n"):
        raise EngineError("file_empty", "The file has no rows, not even a header.")
    return "csv"
