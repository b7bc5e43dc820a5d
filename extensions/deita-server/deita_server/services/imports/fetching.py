"""Rows of a database outside become a file of the workspace, so that what an import read stays what it was.

The file is Parquet, kept by its hash like any other: every version of a table can be replayed from it, long after the
database says something else.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .models import ConnectionSource

if TYPE_CHECKING:
    from deita_server.services.connections.manager import ConnectionsManager
    from deita_server.services.files.manager import FilesManager

SECONDS = 3600
LONGEST_NAME = 120
"""Bytes of the part of a file's name that says what was read."""
ASKED = ("table", "query", "params")
Told = Callable[[float], None]


@dataclass(frozen=True)
class Fetched:
    """The hash of the file that was made, and `source` as the recipe says it, with when and what was read."""

    sha256: str
    source: dict[str, Any]


class Fetcher:
    """Raises DeitaError as `ConnectionsManager` and `FilesManager` do."""

    def __init__(self, connections: ConnectionsManager, files: FilesManager) -> None:
        self._connections, self._files = connections, files

    async def fetch(self, name: str, source: dict[str, Any], told: Told) -> Fetched:
        """Read the rows into the file `name`, as its newest version; `told` hears which share is here."""
        allowance = await self._files.allowance()
        most = allowance.max_bytes if allowance.quota is None else min(allowance.max_bytes, allowance.quota)
        asked: dict[str, Any] = {part: source[part] for part in ASKED if part in source}
        asked |= {"format": "parquet", "most": max(most, 1)}
        upload = await self._files.upload(None)
        said: dict[str, Any] = {}
        try:
            async with contextlib.aclosing(self._connections.rows(source["connection"], asked, SECONDS)) as coming:
                async for kind, body in coming:
                    if kind == b"D":
                        await upload.write(body)
                        continue
                    said |= json.loads(body)
                    if estimate := said.get("estimate"):
                        told(min(said.get("rows", 0) / estimate, 0.99))
            await upload.complete()
            file, _ = await self._files.store(name, upload, replace=True)
        finally:
            await upload.abort()
        told(1.0)
        known = ("read_at", "snapshot", "server_version", "rows", "columns")
        return Fetched(file.sha256, {**source, **{part: said[part] for part in known}})


def named(source: ConnectionSource | None, table: str | None) -> str:
    """Return the name of the file that holds what a source gave: of the connection and what was read."""
    assert source is not None, "the model asks for it where there is no file"
    what = source.table if source.table else table or "query"
    word = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in what)
    word = word.encode()[:LONGEST_NAME].decode(errors="ignore")
    return f"{source.connection}.{word}.parquet"
