"""Packed files: what a file is packed with, and its plain bytes in a private folder, within limits.

Everything that is packed is unpacked to disk first: a file is read more than once (detection, attempts, a preview),
plain CSV is read in parallel, and only here are the limits counted on what comes out instead of believed.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from deita_engine.shapes import EngineError

MAX_BYTES = 100 * 1000**3
MAX_RATIO = 250
RATIO_COUNTS_FROM = 256 * 1024**2
MAX_MEMBERS = 10_000
MAX_DIRECTORY = 8 * 1024**2
CHUNK = 1024**2
HINT = "Unpack it yourself and upload the part that you need."
MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
BZIP2 = (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")
ARCHIVES = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
DOCUMENTS = ("[Content_Types].xml", "mimetype")
"""Members that a zip file has when it is a workbook and not an archive."""


@dataclass(frozen=True)
class Packing:
    """How a file is packed: `compression` is none, gzip, zstd or bz2; `member` the file in a zip archive, `members` all
    that it could be.
    """

    compression: str = "none"
    member: str | None = None
    members: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether the bytes are the file's own."""
        return self.compression == "none" and self.member is None

    def recipe(self) -> dict[str, str | None]:
        """Its part of a recipe."""
        return {"compression": self.compression, "member": self.member}


def compression_of(head: bytes) -> str:
    """What bytes that start so are compressed with."""
    if head.startswith(b"BZh") and head[4:10] in BZIP2:
        return "bz2"
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), "none")


def packing_of(path: Path, member: str | None = None) -> Packing:
    """How the file is packed; `member` chooses in an archive, otherwise it is the first. Raises EngineError file_empty,
    file_unreadable, archive_too_large, bad_recipe.
    """
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        members = _members(path)
        if any(name in DOCUMENTS for name in members):
            return Packing()
        if not members:
            raise EngineError("file_empty", "The zip archive holds no file.")
        if member is not None and member not in members:
            message = f"The archive holds no {member}."
            raise EngineError("bad_recipe", message, details={"field": "member", "members": list(members[:100])})
        return Packing(member=member or members[0], members=members)
    if member is not None:
        raise EngineError("bad_recipe", "The file is no zip archive, it has no members.", details={"field": "member"})
    return Packing(compression_of(head))


def unpack(path: Path, packing: Packing, folder: Path, check: Callable[[], None]) -> Path:
    """The plain file: itself, or a copy in `folder`. Raises EngineError file_unreadable, file_empty, file_encrypted,
    archive_nested, archive_too_large.
    """
    if packing.is_plain:
        return path
    copy = folder / "plain"
    kind = "zip archive" if packing.member else f"{packing.compression} file"
    try:
        with path.open("rb") as packed, _opened(packed, packing) as source, copy.open("wb") as target:
            size = _copy(source, target, packed.tell, check)
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile, pa.ArrowException) as error:
        raise _broken(kind) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise _broken(kind) from error
    if size == 0:
        raise EngineError("file_empty", "The packed file is empty.")
    _refuse_nested(copy, packing)
    return copy


@contextmanager
def private_folder(temporary: Path, name: str) -> Iterator[Path]:
    """A folder for copies of one reading, removed afterwards."""
    folder = temporary / name
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _opened(packed: IO[bytes], packing: Packing) -> Iterator[IO[bytes]]:
    if packing.member is not None:
        with zipfile.ZipFile(packed) as archive:
            entry = archive.getinfo(packing.member)
            if entry.flag_bits & 0x1:
                raise EngineError("file_encrypted", "The archive is protected by a password.", HINT)
            try:
                source = archive.open(entry)
            except NotImplementedError as error:
                message = "The archive is packed in a way that cannot be read here."
                raise EngineError("file_unreadable", message, HINT) from error
            with source:
                yield source
    elif packing.compression == "zstd":
        with pa.CompressedInputStream(pa.PythonFile(packed, "r"), "zstd") as stream:
            yield stream
    elif packing.compression == "bz2":
        with bz2.open(packed) as unpacked:
            yield unpacked
    else:
        with gzip.open(packed) as inflated:
            yield cast(IO[bytes], inflated)


def _copy(source: IO[bytes], target: IO[bytes], consumed: Callable[[], int], check: Callable[[], None]) -> int:
    size = 0
    while chunk := source.read(CHUNK):
        check()
        size += len(chunk)
        if size > MAX_BYTES or (size > RATIO_COUNTS_FROM and size > MAX_RATIO * max(consumed(), 1)):
            raise EngineError("archive_too_large", "Unpacked, the file is far larger than a table would be.", HINT)
        target.write(chunk)
    return size


def _refuse_nested(copy: Path, packing: Packing) -> None:
    with copy.open("rb") as file:
        head = file.read(16)
    nested = compression_of(head) != "none" or head.startswith(ARCHIVES)
    if nested or (head.startswith(b"PK\x03\x04") and not packing_of(copy).is_plain):
        raise EngineError("archive_nested", "There is an archive inside the archive.", HINT)


def _members(path: Path) -> tuple[str, ...]:
    """The files of an archive in its order, without what operating systems add."""
    if _directory_size(path) > MAX_DIRECTORY:
        raise _too_many()
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError, UnicodeDecodeError) as error:
        raise _broken("zip archive") from error
    if len(entries) > MAX_MEMBERS:
        raise _too_many()
    names = (entry.filename for entry in entries if not entry.is_dir())
    return tuple(dict.fromkeys(name for name in names if not _is_clutter(name)))


def _is_clutter(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1].startswith(".")


def _directory_size(path: Path) -> int:
    """The size of a zip file's central directory as its end says, before it is read (PKWARE APPNOTE 4.3.14-16)."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 65_557 - 20, 0))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        raise _broken("zip archive")
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    if directory != 0xFFFFFFFF and tail[at - 20 : at - 16] != b"PK\x06\x07":
        return directory
    place = int.from_bytes(tail[at - 12 : at - 4], "little")
    with path.open("rb") as file:
        file.seek(min(place, size))
        record = file.read(56)
    return int.from_bytes(record[40:48], "little") if record.startswith(b"PK\x06\x06") else directory


def _broken(kind: str) -> EngineError:
    return EngineError("file_unreadable", f"The {kind} is damaged or ends too early.", "Pack it again or unpack it.")


def _too_many() -> EngineError:
    return EngineError("archive_too_large", f"The archive has more than {MAX_MEMBERS:,} files.", HINT)
