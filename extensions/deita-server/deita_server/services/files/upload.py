"""One upload under way: bytes go to a temporary file and through SHA-256 in a thread, never all into memory.

The network may fill one block while the previous one is written; `write` then waits, which stops reading from the
socket.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from concurrent.futures import Executor
from pathlib import Path

from deita_server.errors import DeitaError

from .media import HEAD_BYTES

BLOCK = 2**20


class Upload:
    """`await write(...)` for each piece, then `await complete()`; `await abort()` in any case but success."""

    def __init__(self, temporary: Path, limit: int, threads: Executor) -> None:
        self.temporary = temporary
        self.size = 0
        self.head = b""
        self._limit, self._threads = limit, threads
        self._hash = hashlib.sha256()
        self._block = bytearray()
        self._file: int | None = None
        self._writing: asyncio.Future[None] | None = None

    @property
    def sha256(self) -> str:
        """The hash of all bytes; final after `complete`."""
        return self._hash.hexdigest()

    async def write(self, piece: bytes) -> None:
        """Take a piece; raises too_large, no_space."""
        self.size += len(piece)
        if self.size > self._limit:
            raise DeitaError("too_large", "The file is larger than this server takes.", details={"limit": self._limit})
        self._block += piece
        if len(self._block) >= BLOCK:
            await self._hand_over()

    async def complete(self) -> None:
        """Write the rest and make the bytes durable; raises no_space."""
        await self._hand_over()
        await self._written()
        await asyncio.get_running_loop().run_in_executor(self._threads, self._sync)

    async def abort(self) -> None:
        """Leave nothing behind."""
        try:
            await self._written()
        except DeitaError:
            pass  # it is being thrown away, and whoever wrote it was told
        await asyncio.get_running_loop().run_in_executor(self._threads, self._discard)

    async def _hand_over(self) -> None:
        await self._written()
        block, self._block = self._block, bytearray()
        self._writing = asyncio.get_running_loop().run_in_executor(self._threads, self._store, block)

    async def _written(self) -> None:
        writing, self._writing = self._writing, None
        if writing:
            await writing

    def _store(self, block: bytearray) -> None:
        if len(self.head) < HEAD_BYTES:
            self.head += bytes(block[: HEAD_BYTES - len(self.head)])
        try:
            if self._file is None:
                self._file = os.open(self.temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            self._hash.update(block)
            view = memoryview(block)
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            raise disk_error(error) from error

    def _sync(self) -> None:
        assert self._file is not None
        try:
            os.fsync(self._file)
        except OSError as error:
            raise disk_error(error) from error
        os.close(self._file)
        self._file = None

    def _discard(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self.temporary.unlink(missing_ok=True)


def disk_error(error: OSError) -> Exception:
    """Return `no_space` for a full disk or quota, the error itself otherwise."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DeitaError("no_space", "No space is left on the disk.", hint="Delete files or ask for more space.")
    return error
