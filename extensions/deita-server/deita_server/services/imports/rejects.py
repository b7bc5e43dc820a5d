"""Rejects: all rows of an import that did not fit, in a file that the engine wrote before it committed.

One JSON object a line, in the file's order. They stay as long as the version they were left out of: a file and not
rows of the database, because there may be millions of them and nobody asks for the five-thousandth by itself.
"""

from __future__ import annotations

import asyncio
import csv
import io
import itertools
import json
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, BinaryIO, Literal

from deita_server import cursors
from deita_server.errors import DeitaError

from .models import Reject, RejectList

Format = Literal["csv", "ndjson"]
FIELDS = ("line", "column", "raw", "reason")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
BLOCK_LINES = 2000
BLOCK_BYTES = 2**20


class Rejects:
    """The rejects of one workspace, by import."""

    def __init__(self, folder: Path, threads: Executor) -> None:
        self._folder, self._threads = folder, threads

    async def page(self, import_id: str, cursor: str | None, limit: int) -> RejectList:
        """Return a page of rejects in the file's order; raises bad_cursor."""
        scope = f"rejects:{import_id}"
        begin = cursors.offset(scope, cursor)
        loop = asyncio.get_running_loop()
        items, following = await loop.run_in_executor(self._threads, self._page, import_id, begin, limit)
        return RejectList(items=items, next=None if following is None else cursors.encode(scope, following))

    def _page(self, import_id: str, begin: int, limit: int) -> tuple[list[Reject], int | None]:
        try:
            with self._path(import_id).open("rb") as file:
                file.seek(begin)
                items = [Reject.model_validate_json(line) for line in itertools.islice(file, limit)]
                following = file.tell()
                return items, following if file.read(1) else None
        except FileNotFoundError:
            return [], None
        except ValueError as error:
            raise DeitaError("bad_cursor", "This cursor cannot be read.") from error

    async def blocks(self, import_id: str, format: Format, *, raw: bool) -> AsyncIterator[bytes]:
        """Yield all rejects as a file of this format, piece by piece.

        In CSV, text that a spreadsheet would run as a formula gets a leading `'` unless `raw`.
        """
        loop = asyncio.get_running_loop()
        if format == "csv":
            yield _csv_line(FIELDS)
        try:
            file: BinaryIO = await loop.run_in_executor(self._threads, self._path(import_id).open, "rb")
        except FileNotFoundError:
            return
        with file:
            while block := await loop.run_in_executor(self._threads, _block, file, format, raw):
                yield block

    def count(self, import_id: str) -> int:
        """Count them; blocks."""
        try:
            with self._path(import_id).open("rb") as file:
                return sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK_BYTES), b""))
        except FileNotFoundError:
            return 0

    def discard(self, import_id: str) -> None:
        """Forget those of an import that made no version; blocks."""
        self._path(import_id).unlink(missing_ok=True)

    def _path(self, import_id: str) -> Path:
        return self._folder / f"{import_id}.ndjson"


def _block(file: BinaryIO, format: Format, raw: bool) -> bytes:
    if format == "ndjson":
        return file.read(BLOCK_BYTES)
    return b"".join(_csv_line(_cells(json.loads(line), raw)) for line in itertools.islice(file, BLOCK_LINES))


def _cells(reject: dict[str, Any], raw: bool) -> list[Any]:
    values = [reject.get(name) for name in FIELDS]
    return values if raw else [_defused(value) for value in values]


def _defused(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _csv_line(cells: list[Any] | tuple[str, ...]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
