"""Connections as this server has them: listed, looked through, read as rows; each by way of the control plane."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import Executor
from typing import IO, Any

from deita_server.errors import STATUS, DeitaError
from deita_server.services.files.upload import disk_error
from deita_server.settings import Settings

from .control_plane import ControlPlane, path_of
from .frames import frames, lost
from .models import Connection, ConnectionList, ForeignTable, ForeignTableList, Sample, SampleRows, ToRead

RESULT_MOST = 2**30
"""Bytes of rows that a kernel gets at once; what is more is imported."""
SILENCE_S = 120.0
"""Beyond what the database has for its answer."""


class ConnectionsManager:
    """Raises DeitaError with the codes of docs/connections.md."""

    def __init__(self, settings: Settings, disk: Executor) -> None:
        self._plane, self._spool, self._disk = ControlPlane(settings), settings.spool, disk

    async def list(self) -> ConnectionList:
        """Return the workspace's connections, by name."""
        answer = await self._plane.ask("GET")
        return ConnectionList(items=[Connection.model_validate(item) for item in answer["items"]], next=None)

    async def tables(self, name: str) -> ForeignTableList:
        """Return what can be read through a connection."""
        answer = await self._plane.ask("GET", path_of(name, "tables"))
        return ForeignTableList(items=[ForeignTable.model_validate(item) for item in answer["items"]], next=None)

    async def sample(self, name: str, wanted: Sample) -> SampleRows:
        """Return the first rows of a table or query, as texts."""
        answer = await self._plane.ask("POST", path_of(name, "sample"), wanted.model_dump())
        return SampleRows.model_validate(answer)

    async def read(self, name: str, wanted: ToRead) -> IO[bytes]:
        """Return rows as an Arrow stream in a file that is gone when it is closed."""
        asked = {**wanted.model_dump(exclude={"timeout_ms"}), "format": "arrow", "most": RESULT_MOST}
        loop = asyncio.get_running_loop()
        file = await loop.run_in_executor(self._disk, self._temporary)
        try:
            async with contextlib.aclosing(self.rows(name, asked, wanted.timeout_ms // 1000)) as coming:
                async for kind, body in coming:
                    if kind == b"D":
                        await loop.run_in_executor(self._disk, file.write, body)
            await loop.run_in_executor(self._disk, file.seek, 0)
        except OSError as error:
            file.close()
            raise disk_error(error) from error
        except BaseException:  # whatever it was, also whoever stopped waiting
            file.close()
            raise
        return file

    def _temporary(self) -> IO[bytes]:
        return tempfile.TemporaryFile("w+b", dir=self._spool)

    async def rows(self, name: str, asked: dict[str, Any], seconds: int) -> AsyncGenerator[tuple[bytes, bytes]]:
        """Yield the frames of a reading up to its end, which is the last one. Raises what the database refuses."""
        path, body = path_of(name, "read"), {**asked, "seconds": max(seconds, 1)}
        ended = False
        async with (
            contextlib.aclosing(self._plane.stream("POST", path, body, seconds + SILENCE_S)) as pieces,
            contextlib.aclosing(frames(pieces)) as coming,
        ):
            async for kind, content in coming:
                if kind == b"F":
                    raise _refused(json.loads(content))
                ended = ended or kind == b"E"
                yield kind, content
        if not ended:
            raise lost()


async def pieces_of(file: IO[bytes], disk: Executor, size: int = 2**20) -> AsyncIterator[bytes]:
    """Yield what is in a file."""
    loop = asyncio.get_running_loop()
    while piece := await loop.run_in_executor(disk, file.read, size):
        yield piece


def _refused(said: dict[str, Any]) -> DeitaError:
    code = said["code"] if said["code"] in STATUS else "connection_failed"
    return DeitaError(code, said["message"], said["hint"], said["details"])
