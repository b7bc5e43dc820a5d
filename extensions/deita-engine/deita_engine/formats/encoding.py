"""The encoding of text: by its byte order mark, by being valid UTF-8, by where the zeros of UTF-16 stand, otherwise by
which of the usual encodings makes the most sensible words of its bytes.

charset-normalizer was tried for the last step: of 160 small tables of short words in eight encodings it read 98 right
(it judges languages, and a table has hardly any), this 156; so it is not used.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from deita_engine.shapes import EngineError

MANY = ("euc_kr", "shift_jis", "gb18030", "euc_jp", "big5")
SINGLE = ("cp1252", "cp1250", "cp1251", "iso8859-2", "koi8_r", "mac_roman")
COMMON = {
    "cp1252": "ŠšŽžŸäöüßÄÖÜéèêëàâçñóòôíìïúùûáãõåæøœÉÈÀÇÑÅÆØ€°´’‘“”–…£§ª º½²³µ«»",
    "cp1250": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽäöüßőűŐŰâîșțăđ€°„”–…",
    "iso8859-2": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽäöüßőűŐŰâîșțăđ",
    "cp1251": "абвгдежзийклмнопрстуфхцчшщъыьэюяёАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЁіїєґІЇЄ№«»–—…",
    "koi8_r": "абвгдежзийклмнопрстуфхцчшщъыьэюяёАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЁ",
    "mac_roman": "äöüßÄÖÜéèêëàâçñóòôíìïúùûáãõåæøœ",
}
WEIGHT = {"cp1252": 1.0, "cp1250": 0.99, "cp1251": 1.0, "iso8859-2": 0.985, "koi8_r": 0.95, "mac_roman": 0.9}
MAX_LETTERS = 20_000


@dataclass(frozen=True)
class Encoding:
    """A codec's name, how sure it is (0 to 1), why, and what else it could be."""

    name: str
    confidence: float
    reason: str
    alternatives: tuple[str, ...] = ()


def text_encoding(head: bytes) -> str:
    """The encoding of a text that starts so; raises EngineError file_binary when it is none."""
    return encoding_of(head).name


def encoding_of(head: bytes) -> Encoding:
    """As `text_encoding`, with how sure it is."""
    if head.startswith(codecs.BOM_UTF8):
        return Encoding("utf-8", 1.0, "the file has a byte order mark")
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return Encoding("utf-32", 1.0, "the file has a byte order mark")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Encoding("utf-16", 1.0, "the file has a byte order mark")
    if b"\x00" in head:
        return _wide(head)
    if is_utf8(head):
        plain = head.isascii()
        return Encoding("utf-8", 1.0, "all bytes are ASCII" if plain else "all bytes are valid UTF-8")
    return _legacy(head)


def is_utf8(head: bytes) -> bool:
    """Whether the bytes are UTF-8, a character cut at the end not counted."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _wide(head: bytes) -> Encoding:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > half * 0.4 and even < half * 0.05:
        return Encoding("utf-16-le", 0.95, "every second byte is zero")
    if even > half * 0.4 and odd < half * 0.05:
        return Encoding("utf-16-be", 0.95, "every second byte is zero")
    raise EngineError("file_binary", "The file is not text: it holds NUL bytes.")


def _legacy(head: bytes) -> Encoding:
    scores = {name: _score_of_many(head, name) for name in MANY} | {
        name: _score_of_single(head, name) for name in SINGLE
    }
    ranked = sorted(scores, key=lambda name: scores[name], reverse=True)
    best, second = ranked[0], ranked[1]
    if scores[best] <= 0.3:
        return Encoding("cp1252", 0.4, "no encoding makes sense of all bytes", tuple(ranked[:3]))
    lead = scores[best] - scores[second]
    sure = min(0.95, 0.6 + lead * 2 + (0.25 if best == "cp1252" else 0.0))
    return Encoding(best, sure, f"it makes the most sensible words ({scores[best]:.2f})", tuple(ranked[1:4]))


def _score_of_many(head: bytes, name: str) -> float:
    """For encodings of several bytes a character: whether all decodes, and mostly into common characters."""
    try:
        text = codecs.getincrementaldecoder(name)().decode(head)
    except UnicodeDecodeError:
        return 0.0
    letters = [letter for letter in text if letter > "\x7f"][:MAX_LETTERS]
    if not letters:
        return 0.0
    common = sum(_is_common(letter, name) for letter in letters) / len(letters)
    runs = re.findall(r"[^\x00-\x7f]+", text[: 4 * MAX_LETTERS])
    alone = sum(len(run) == 1 for run in runs) / len(runs)
    return (common - 0.6 * alone) * 1.05


def _is_common(letter: str, name: str) -> bool:
    code = ord(letter)
    kana = 0x3040 <= code <= 0x30FF
    han = 0x4E00 <= code <= 0x9FFF
    marks = 0x3000 <= code <= 0x303F or 0xFF01 <= code <= 0xFF5E
    if name == "euc_kr":
        return 0xAC00 <= code <= 0xD7A3
    if name in ("shift_jis", "euc_jp"):
        return kana or marks or (han and _is_level_one(letter))
    if name == "big5":
        return marks or (han and b"\xa4" <= letter.encode("big5", "replace")[:1] <= b"\xc6")
    return marks or (han and b"\xb0" <= letter.encode("gb2312", "replace")[:1] <= b"\xd7")


def _is_level_one(letter: str) -> bool:
    return letter.encode("euc_jp", "replace")[:1] <= b"\xcf"


def _score_of_single(head: bytes, name: str) -> float:
    try:
        text = head.decode(name)
    except UnicodeDecodeError:
        text = head.decode(name, "replace")
        if text.count("\ufffd") > 0.02 * len(text):
            return 0.0
    letters = Counter(letter for letter in text if letter > "\x7f")
    total = letters.total()
    if not total:
        return 0.0
    common = sum(letters[letter] for letter in COMMON[name]) / total
    words = re.findall(r"[^\W\d_]+", text[:200_000])
    strange = sum(_is_strange(word) for word in words if not word.isascii())
    return (common - strange / max(sum(not word.isascii() for word in words), 1)) * WEIGHT[name]


def _is_strange(word: str) -> bool:
    """A capital after a small letter, or letters of two alphabets: no word looks so."""
    mixed = any(before.islower() and after.isupper() and after > "\x7f" for before, after in pairwise(word))
    return mixed or (any("\u0400" <= c <= "\u04ff" for c in word) and any(c.isascii() for c in word))


def text_codec(name: str) -> str:
    """The codec's own name; raises EngineError bad_recipe for one that there is not, or that makes no text of bytes."""
    try:
        codec = codecs.lookup(name)
        if codec._is_text_encoding and codec.incrementaldecoder:  # base64 and zlib are codecs, too
            codec.incrementaldecoder("replace").decode(codec.encode("text")[0], True)  # UTF-16 wants its mark
            return codec.name
    except (LookupError, ValueError):
        pass
    raise EngineError("bad_recipe", f"There is no encoding {name}.", details={"field": "encoding", "path": "encoding"})
