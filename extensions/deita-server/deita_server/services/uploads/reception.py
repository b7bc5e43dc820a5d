"""One request's part of an upload. What was received counts when it is durable: at the end, when the connection breaks,
and every `CHECKPOINT` bytes in between, so that even kill -9 costs no more than that.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from deita_engine.shapes import EngineError

from deita_server.errors import DeitaError
from deita_server.services.files.digest import Digest
from deita_server.services.files.upload import Upload

from .models import ResumableUpload
from .tus import Checksum

CHECKPOINT = 64 * 2**20


@dataclass(frozen=True)
class Said:
    """What a request says of the bytes it brings: where they belong, how many they are and how long the whole is to
    be, where it says so.
    """

    offset: int
    size: int | None
    length: int | None


class Slot:
    """Who receives bytes of an upload: only one at a time. `interrupt` ends the connection that sends them."""

    def __init__(self, interrupt: Callable[[], None]) -> None:
        self.interrupt = interrupt
        self.freed = asyncio.Event()


class Reception:
    """`write` pieces, then `end` or `leave`. `commit` makes an offset count, `finish` names the file."""

    def __init__(
        self,
        progress: ResumableUpload,
        upload: Upload,
        checksum: Checksum | None,
        commit: Callable[[int], Awaitable[ResumableUpload]],
        finish: Callable[[Upload], Awaitable[ResumableUpload]],
        release: Callable[[Digest], None],
    ) -> None:
        self._progress, self._upload, self._checksum = progress, upload, checksum
        self._commit, self._finish, self._release = commit, finish, release
        self._before = upload.digest.copy() if checksum else None
        self._is_here = upload.stored > progress.offset
        self._checkpoint: asyncio.Task[None] | None = None

    async def write(self, piece: bytes) -> None:
        """Take a piece, unless all are here; raises too_large, quota_exceeded, no_space, storage_unavailable."""
        if self._is_here:
            return
        if self._progress.length is not None and self._upload.size + len(piece) > self._progress.length:
            raise DeitaError("too_large", "There are more bytes than the upload was to have.")
        await self._upload.write(piece)
        due = self._upload.stored - self._upload.safe >= CHECKPOINT and self._upload.stored != self._progress.length
        if due and not self._checksum and (self._checkpoint is None or self._checkpoint.done()):
            self._raise_failure()
            self._checkpoint = asyncio.create_task(self._make_safe())

    async def end(self) -> ResumableUpload:
        """Take everything that came as received; the last bytes make the file. Raises checksum_mismatch and others."""
        try:
            await self._settled()
            self._raise_failure()
            return await self._received()
        finally:
            await self._close()

    async def leave(self) -> None:
        """Keep what came before the connection broke; bytes that were to be checked as a whole cannot be."""
        try:
            await self._settled()
            with contextlib.suppress(DeitaError, EngineError):  # nobody is left to be told; what is safe stays safe
                self._raise_failure()
                if not self._checksum:
                    await self._received()
        finally:
            await self._close()

    async def _received(self) -> ResumableUpload:
        size = await self._upload.flush()
        if self._checksum and not self._is_here:
            self._checksum.check()
            self._before = None
        if size == self._progress.length:
            return await self._finish(self._upload)
        return await self._commit(size)

    async def _make_safe(self) -> None:
        size = await self._upload.synced()
        await self._commit(size)
        self._upload.safe = size

    async def _settled(self) -> None:
        if self._checkpoint:
            await asyncio.wait([self._checkpoint])

    def _raise_failure(self) -> None:
        if self._checkpoint and (failure := self._checkpoint.exception()):
            raise failure

    async def _close(self) -> None:
        await self._upload.close()
        self._release(self._before or self._upload.digest)
