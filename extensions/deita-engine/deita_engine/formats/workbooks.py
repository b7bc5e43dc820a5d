"""Which kind of workbook a zip or OLE container is, and whether it may be opened, before any reader touches it."""

from __future__ import annotations

import mmap
import zipfile
from pathlib import Path

from deita_engine.shapes import EngineError

from .unpack import HINT, MAX_MEMBERS, MAX_RATIO, RATIO_COUNTS_FROM

ODS = "application/vnd.oasis.opendocument.spreadsheet"
ENCRYPTED = "The workbook is protected by a password."
UNLOCK = "Save it without a password and upload it again."


def workbook_kind(path: Path) -> str:
    """xlsx (also its binary form), xls or ods; raises EngineError file_encrypted, file_binary, file_unreadable,
    archive_too_large.
    """
    with path.open("rb") as file:
        if file.read(4) == b"\xd0\xcf\x11\xe0":
            return _ole_kind(path)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(archive)
            names = set(archive.namelist())
            mimetype = archive.read("mimetype")[:100].decode("ascii", "replace") if "mimetype" in names else ""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError) as error:
        raise EngineError("file_unreadable", "The workbook is damaged or ends too early.") from error
    if mimetype.strip() == ODS:
        return "ods"
    if any(name.startswith("xl/workbook.") for name in names):
        return "xlsx"
    raise EngineError("file_binary", "The document is no workbook.", "Save its table as CSV or Excel.")


def _check_sizes(archive: zipfile.ZipFile) -> None:
    """Refuse what says of itself that it unpacks to far more; what lies about it meets the reader's memory limit."""
    entries = archive.infolist()
    plain, packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
    if len(entries) > MAX_MEMBERS or (plain > RATIO_COUNTS_FROM and plain > MAX_RATIO * max(packed, 1)):
        raise EngineError("archive_too_large", "Unpacked, the workbook is far larger than a table would be.", HINT)


def plain_size(path: Path) -> int:
    """How large a workbook says that it is unpacked, in bytes; its own size when it is not packed."""
    if not zipfile.is_zipfile(path):
        return path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _ole_kind(path: Path) -> str:
    """Which streams an OLE container names (MS-CFB: UTF-16 names in its directory)."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find("EncryptedPackage".encode("utf-16-le")) >= 0:
            raise EngineError("file_encrypted", ENCRYPTED, UNLOCK)
        if any(content.find(name.encode("utf-16-le")) >= 0 for name in ("Workbook\0", "Book\0")):
            return "xls"
    raise EngineError("file_binary", "The document is no workbook.", "Save its table as CSV or Excel.")
