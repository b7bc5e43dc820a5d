"""The files in `incoming/` that resumable uploads grow in, `<id>.upload`, and the notes of what of them is in a bucket
already, `<id>.parts`.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Set
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeVar

from deita_engine.store import Store

from deita_server.errors import DeitaError
from deita_server.services.files.sending import Sending
from deita_server.services.files.upload import disk_error

SUFFIX, NOTE = ".upload", ".parts"
ORPHAN_S = 3600.0

Result = TypeVar("Result")


class Incoming:
    """The workspace's. A file's lock dies with its process. `disk` are threads for files, `network` for the bucket."""

    def __init__(self, folder: Path, store: Store, disk: Executor, network: Executor) -> None:
        self._folder, self._store = folder, store
        self._disk, self._network = disk, network

    def path(self, upload_id: str) -> Path:
        """Where an upload's bytes grow."""
        return self._folder / f"{upload_id}{SUFFIX}"

    async def make(self, upload_id: str) -> None:
        """Make an empty file; raises no_space."""
        await self._run(self._disk, lambda: _make(self.path(upload_id)))

    async def open(self, upload_id: str) -> int | None:
        """Open and lock a file; None when there is none. Raises upload_locked."""
        return await self._run(self._disk, lambda: _open(self.path(upload_id)))

    async def sending(self, upload_id: str) -> Sending | None:
        """What goes on sending to the bucket, where there is one."""
        parts = await self._run(self._disk, lambda: self._store.multipart(upload_id, self._note(upload_id)))
        return Sending(parts, self._network) if parts else None

    async def discard(self, upload_id: str) -> None:
        """Leave nothing of an upload."""
        if (sending := await self.sending(upload_id)) is not None:
            await sending.discard()
        await self._run(self._disk, lambda: self.path(upload_id).unlink(missing_ok=True))

    async def sweep(self, expired: Set[str], named: Set[str]) -> None:
        """Leave nothing of the `expired` ones, nor of those that are not `named`, if they are not just being made."""
        for upload_id in await self._run(self._disk, lambda: self._left(expired, named)):
            await self.discard(upload_id)

    def _left(self, expired: Set[str], named: Set[str]) -> list[str]:
        found = []
        for path in self._folder.glob(f"*{SUFFIX}"):
            with contextlib.suppress(FileNotFoundError):
                # a file is made before its row is: a young one without a row may get it yet
                orphan = path.stem not in named and path.stat().st_mtime < time.time() - ORPHAN_S
                if orphan or path.stem in expired:
                    found.append(path.stem)
        return found

    def _note(self, upload_id: str) -> Path:
        return self._folder / f"{upload_id}{NOTE}"

    async def _run(self, threads: Executor, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(threads, work)


def _make(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise disk_error(error) from error


def _open(path: Path) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise locked() from error
    return descriptor


def locked() -> DeitaError:
    """The error when somebody else adds to an upload."""
    return DeitaError("upload_locked", "Another request is adding to this upload.")
