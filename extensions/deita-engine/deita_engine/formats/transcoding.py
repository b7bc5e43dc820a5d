"""Text in any encoding as a UTF-8 file."""

from __future__ import annotations

import codecs
from pathlib import Path

from .encoding import text_codec
from .plan import Reading

CHUNK = 4 * 1024 * 1024


def utf8_file(reading: Reading, encoding: str, *, bare: bool = False) -> Path:
    """The file itself, or a UTF-8 copy of it in the reading's folder, when `bare` without a byte order mark; raises
    EngineError bad_recipe.
    """
    name = text_codec(encoding)
    if name in ("utf-8", "utf-8-sig", "ascii"):
        if not (bare and _is_marked(reading.path)):
            return reading.path
        name = "utf-8-sig"
    decoder = codecs.getincrementaldecoder(name)("replace")
    readable = reading.folder / "utf8"
    with reading.path.open("rb") as source, readable.open("wb") as target:
        while chunk := source.read(CHUNK):
            reading.check()
            target.write(decoder.decode(chunk).encode("utf-8", "replace"))
        target.write(decoder.decode(b"", True).encode("utf-8", "replace"))
    return readable


def _is_marked(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(3) == codecs.BOM_UTF8
