"""What a file is, told by its first bytes, then by its extension. It is only told: nothing is parsed here."""

from __future__ import annotations

import mimetypes

MAGIC = (
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"\x1f\x8b", "application/gzip"),
    (b"PK\x03\x04", "application/zip"),
    (b"ARROW1", "application/vnd.apache.arrow.file"),
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG", "image/png"),
)
EXTENSIONS = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".parquet": "application/vnd.apache.parquet",
}
ZIPPED = {".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
HEAD_BYTES = 4096
UNKNOWN = "application/octet-stream"


def media_type(name: str, head: bytes) -> str:
    """Return the media type of a file called `name` that begins with `head`."""
    extension = "." + name.rpartition(".")[2].lower() if "." in name else ""
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return ZIPPED.get(extension, kind) if kind == "application/zip" else kind
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))  # UTF-16 text is full of NULs
    guess = EXTENSIONS.get(extension) or mimetypes.guess_type(name)[0] or UNKNOWN
    textual = guess.startswith("text/") or guess in EXTENSIONS.values()
    if textual and ((b"\0" in head and not wide) or guess == "application/vnd.apache.parquet"):
        return UNKNOWN if head else guess
    return guess
