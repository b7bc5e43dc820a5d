"""Bytes on their way in: they go to a file and through SHA-256 in a thread, never all into memory.

The network may fill one block while the previous one is written; `write` then waits, which stops reading from the
socket. Where files lie in a bucket, whole parts go there meanwhile (`sending`).
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeVar

from deita_engine.shapes import EngineError
from deita_engine.store import Store

from deita_server.errors import DeitaError

from .allowance import Allowance
from .digest import Digest
from .sending import Sending

BLOCK = 2**20
# A digest that is behind, because the server was started anew in between, hashes so much more for each block.
CATCHING_UP = 4 * BLOCK
SLICE = 64 * BLOCK

Result = TypeVar("Result")


class Upload:
    """`await write(...)` for each piece, then `await complete()`; at the end `close`, or `abort` to leave nothing.

    A resumed one is given the descriptor of its file, how many bytes are in it, and their digest. `tap` sees each block
    that is written, in the thread that writes it. The sender may go on from `safe` bytes again.
    """

    def __init__(
        self,
        temporary: Path,
        allowance: Allowance,
        threads: Executor,
        sending: Sending | None = None,
        descriptor: int | None = None,
        stored: int = 0,
        digest: Digest | None = None,
        tap: Callable[[bytearray], None] | None = None,
    ) -> None:
        self.temporary = temporary
        self.size = self.stored = self.safe = stored
        self.digest = digest or Digest()
        self._allowance, self._threads, self._tap = allowance, threads, tap
        self._sending = sending
        self._block = bytearray()
        self._file = descriptor
        self._writing: asyncio.Future[None] | None = None

    @property
    def sha256(self) -> str:
        """The hash of all bytes; final after `complete`."""
        return self.digest.sha256

    @property
    def head(self) -> bytes:
        """The first bytes, for telling what they are."""
        return self.digest.head

    async def write(self, piece: bytes) -> None:
        """Take a piece; raises too_large, quota_exceeded, no_space."""
        self._allowance.check(self.size + len(piece))
        self.size += len(piece)
        self._block += piece
        if len(self._block) >= BLOCK:
            await self._hand_over()

    async def synced(self) -> int:
        """Make what was handed to the file so far durable and return how many bytes that is; writing may go on."""
        stored = self.stored
        await self._run(self._sync)
        return stored

    async def flush(self) -> int:
        """Write everything that was taken, make it durable, and return how many bytes that is; raises no_space."""
        await self._hand_over()
        await self._written()
        return await self.synced()

    async def complete(self) -> None:
        """Make all bytes durable and hash what is not hashed yet; raises no_space, storage_unavailable."""
        await self.flush()
        if self._sending and self._file is not None:
            await self._sending.complete(self._file, self.stored)
        while self.digest.position < self.stored:
            await self._run(lambda: self._catch_up(SLICE))

    async def close(self) -> None:
        """Let the file go and keep it."""
        await self._settled()
        await self._run(self._close)

    async def abort(self) -> None:
        """Leave nothing behind."""
        await self._settled()
        await self._run(self._discard)
        if self._sending:
            await self._sending.discard()

    def prepare(self, store: Store) -> None:
        """Do what takes long of `put`, which comes next and may be done under a lock."""
        if self._sending and self._sending.parts.is_complete:
            self._sending.parts.place(self.sha256)
        else:
            store.prepare(self.temporary, self.sha256)

    def put(self, store: Store) -> None:
        """Make complete bytes a blob of the store."""
        if self._sending and self._sending.parts.is_complete:
            self._sending.parts.place(self.sha256)
        else:
            store.put(self.temporary, self.sha256)

    async def _settled(self) -> None:
        for settle in (self._written, *([self._sending.settled] if self._sending else [])):
            try:
                await settle()
            except (DeitaError, EngineError):
                pass  # it is being given up, and whoever wrote it was told

    async def _hand_over(self) -> None:
        await self._written()
        if self._sending and self._file is not None:
            await self._sending.offer(self._file, self.stored, self.safe)
        block, self._block = self._block, bytearray()
        self._writing = asyncio.get_running_loop().run_in_executor(self._threads, self._store, block)

    async def _written(self) -> None:
        writing, self._writing = self._writing, None
        if writing:
            await writing

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _store(self, block: bytearray) -> None:
        try:
            if self._file is None:
                self._file = os.open(self.temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
            view, place = memoryview(block), self.stored
            while view:
                written = os.pwrite(self._file, view, place)
                view, place = view[written:], place + written
        except OSError as error:
            raise disk_error(error) from error
        if self._sending is None and self.digest.position < self.stored:
            self._catch_up(CATCHING_UP)
        if self.digest.position == self.stored:
            self.digest.update(block)
        if self._tap:
            self._tap(block)
        self.stored += len(block)

    def _catch_up(self, most: int) -> None:
        self.digest.catch_up(self._read, min(self.stored, self.digest.position + most))

    def _read(self, begin: int, end: int) -> bytes:
        if self._sending and self._sending.parts.is_complete:
            return self._sending.parts.read(begin, end)
        assert self._file is not None
        return os.pread(self._file, end - begin, begin)

    def _sync(self) -> None:
        assert self._file is not None
        try:
            os.fsync(self._file)
        except OSError as error:
            raise disk_error(error) from error

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _discard(self) -> None:
        self._close()
        self.temporary.unlink(missing_ok=True)


def disk_error(error: OSError) -> Exception:
    """Return `no_space` for a full disk or quota, the error itself otherwise."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DeitaError("no_space", "No space is left on the disk.", hint="Delete files or ask for more space.")
    return error
