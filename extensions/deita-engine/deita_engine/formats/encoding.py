"""The encoding of text, by its first bytes."""

from __future__ import annotations

from deita_engine.shapes import EngineError


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
