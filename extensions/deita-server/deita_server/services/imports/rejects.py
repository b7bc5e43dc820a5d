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
import time
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, BinaryIO, Literal

from deita_engine.objects import Objects

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

    def __init__(self, folder: Path, threads: Executor, objects: Objects | None = None) -> None:
        self._folder, self._threads, self._objects = folder, threads, objects

    async def page(self, import_id: str, cursor: str | None, limit: int) -> RejectList:
        """Return a page of rejects in the file's order; raises bad_cursor."""
        scope = f"rejects:{import_id}"
        begin = cursors.offset(scope, cursor)
        loop = asyncio.get_running_loop()
        items, following = await loop.run_in_executor(self._threads, self._page, import_id, begin, limit)
        return RejectList(items=items, next=None if following is None else cursors.encode(scope, following))

    def _page(self, import_id: str, begin: int, limit: int) -> tuple[list[Reject], int | None]:
        try:
            with self._found(import_id).open("rb") as file:
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
            file: BinaryIO = await loop.run_in_executor(self._threads, self._open, import_id)
        except FileNotFoundError:
            return
        with file:
            while block := await loop.run_in_executor(self._threads, _block, file, format, raw):
                yield block

    def count(self, import_id: str) -> int:
        """Count them; blocks."""
        try:
            with self._open(import_id) as file:
                return sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK_BYTES), b""))
        except FileNotFoundError:
            return 0

    def discard(self, import_id: str) -> None:
        """Forget those of an import that made no version; blocks."""
        self._path(import_id).unlink(missing_ok=True)
        if self._objects:
            self._objects.delete(_key(import_id))

    def older_than(self, seconds: float) -> set[str]:
        """Name the imports whose rejects were written longer ago; blocks."""
        limit = time.time() - seconds
        found = {path.stem for path in self._folder.glob("*.ndjson") if path.stat().st_ctime < limit}
        for each in self._objects.below("rejects/") if self._objects else ():
            if each.modified.timestamp() < limit:
                found.add(each.key.rpartition("/")[2].removesuffix(".ndjson"))
        return found

    def _open(self, import_id: str) -> BinaryIO:
        return self._found(import_id).open("rb")

    def _found(self, import_id: str) -> Path:
        """The file, fetched from the bucket when another machine wrote it; it need not be there."""
        path = self._path(import_id)
        if self._objects and not path.exists():
            self._folder.mkdir(exist_ok=True)
            fresh = path.with_suffix(f".{uuid.uuid4().hex}")
            try:
                self._objects.fetch(_key(import_id), fresh)
                fresh.replace(path)
            finally:
                fresh.unlink(missing_ok=True)
        return path

    def _path(self, import_id: str) -> Path:
        return self._folder / f"{import_id}.ndjson"


def _key(import_id: str) -> str:
    return f"rejects/{import_id}.ndjson"


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
