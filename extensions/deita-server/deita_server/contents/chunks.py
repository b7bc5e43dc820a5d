"""Files that arrive in numbered pieces, as JupyterLab sends what is larger than a megabyte.

All that tells two such uploads apart is the name: the pieces carry no other mark. So while pieces of a name arrive,
nobody else may begin it; two tabs that send one name have one winner and never one file of both. One that went quiet
(its tab was closed) gives way to a new beginning, and is dropped when nothing more comes.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from deita_server.errors import DeitaError
from deita_server.services.files import names
from deita_server.services.files.manager import FilesManager
from deita_server.services.files.models import File
from deita_server.services.files.upload import Upload


@dataclass(frozen=True)
class Patience:
    """`most` uploads at once; after `quiet` seconds one gives way to another, after `abandoned` seconds it is gone."""

    most: int
    quiet: float
    abandoned: float


class Arrival:
    """A file that is under way; `expected` is the number of the piece that comes next."""

    def __init__(self, upload: Upload, *, replace: bool) -> None:
        self.upload, self.replace = upload, replace
        self.expected = 2
        self.is_busy = True
        self.quiet_since = 0.0
        self.deadline: asyncio.TimerHandle | None = None


class Chunks:
    """The uploads in pieces of one server. Raises upload_locked, upload_not_found, offset_mismatch and more."""

    def __init__(
        self,
        files: FilesManager,
        patience: Patience,
        in_background: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._files, self._patience, self._in_background = files, patience, in_background
        self._arrivals: dict[str, Arrival] = {}

    async def begin(self, name: str, piece: bytes, *, replace: bool) -> int:
        """Take the first piece; returns how many bytes are here."""
        upload = await self._files.upload(None)
        key = names.key(name)
        self._make_room(key)
        arrival = self._arrivals[key] = Arrival(upload, replace=replace)
        async with self._turn(key, arrival):
            await upload.write(piece)
        return upload.size

    async def add(self, name: str, number: int, piece: bytes) -> int:
        """Take the piece with this number; returns how many bytes are here."""
        key = names.key(name)
        arrival = self._found(key)
        if number != arrival.expected:
            raise DeitaError(
                "offset_mismatch", "A piece of this upload is missing or came twice.", hint="Upload the file again."
            )
        async with self._turn(key, arrival):
            await arrival.upload.write(piece)
            arrival.expected += 1
        return arrival.upload.size

    async def end(self, name: str, piece: bytes) -> File:
        """Take the last piece and give the file its name."""
        key = names.key(name)
        arrival = self._found(key)
        async with self._turn(key, arrival):
            await arrival.upload.write(piece)
            await arrival.upload.complete()
            file, _ = await self._files.store(name, arrival.upload, replace=arrival.replace)
        await self._drop(key, arrival)
        return file

    def _found(self, key: str) -> Arrival:
        arrival = self._arrivals.get(key)
        if arrival is None:
            raise DeitaError(
                "upload_not_found", "The beginning of this upload is not here any more.", hint="Upload the file again."
            )
        if arrival.is_busy:
            raise _locked(self._patience.quiet)
        return arrival

    @asynccontextmanager
    async def _turn(self, key: str, arrival: Arrival) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        arrival.is_busy = True
        if arrival.deadline:
            arrival.deadline.cancel()
        try:
            yield
        except BaseException:  # whatever ended it: a name that nobody frees could not be uploaded again
            await self._drop(key, arrival)
            raise
        arrival.is_busy, arrival.quiet_since = False, loop.time()
        arrival.deadline = loop.call_later(self._patience.abandoned, self._give_up, key, arrival)

    def _make_room(self, key: str) -> None:
        same = self._arrivals.get(key)
        if same:
            if (wait := self._stays(same)) > 0:
                raise _locked(wait)
            self._give_up(key, same)
        elif len(self._arrivals) >= self._patience.most:
            oldest, arrival = min(self._arrivals.items(), key=lambda item: self._stays(item[1]))
            if self._stays(arrival) > 0:
                raise DeitaError(
                    "too_many_uploads", "Too many uploads are under way.", hint="Wait until some are done."
                )
            self._give_up(oldest, arrival)

    def _stays(self, arrival: Arrival) -> float:
        """Return for how many seconds an upload does not give way yet."""
        if arrival.is_busy:
            return self._patience.quiet
        return arrival.quiet_since + self._patience.quiet - asyncio.get_running_loop().time()

    def _give_up(self, key: str, arrival: Arrival) -> None:
        self._in_background(self._drop(key, arrival))

    async def _drop(self, key: str, arrival: Arrival) -> None:
        if arrival.deadline:
            arrival.deadline.cancel()
        if self._arrivals.get(key) is arrival:
            del self._arrivals[key]
        await arrival.upload.abort()


def _locked(seconds: float) -> DeitaError:
    return DeitaError(
        "upload_locked",
        "This file is being uploaded already.",
        hint=f"If that upload was broken off, try again in {math.ceil(seconds)} seconds.",
    )
