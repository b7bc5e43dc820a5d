"""Starts readers (`deita_hub.reading`), a few at a time, behind walls where there are any, and hands on what they say.

What a database outside answers is written by whoever runs it: a reader holds one password and nothing else of Deita's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import struct
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from subprocess import PIPE
from typing import Any

from deita_hub.reading.job import Job
from deita_hub.sandbox import bubblewrap, system_calls, view
from deita_hub.settings import Settings

COMMAND = (sys.executable, "-P", "-m", "deita_hub.reading")
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ")
MOST, MOST_OF_ONE = 8, 4
"""Readers at once: of this Deita, and of one workspace."""
HEAD = struct.Struct(">cI")
EXTRA_S = 60
"""Beyond what the database has for a statement: for the connection, and for rows on their way."""
END_S = 10.0
PIECE = 2**18
MOST_SAID = 32 * 2**20
"""Bytes of an answer without rows."""


class TooManyReadersError(Exception):
    """As many readers run as may."""


class ReaderLostError(Exception):
    """A reader ended without a word."""


@dataclass(frozen=True)
class Answer:
    """What a reader said last: what was asked for, or why it cannot be had, in the fields of an error."""

    good: bool
    body: dict[str, Any]


class Readers:
    """The readers of this Deita."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._running: dict[str, int] = {}

    async def stream(self, workspace_id: str, job: Job) -> AsyncGenerator[bytes]:
        """What the reader says, as bytes of frames. Whoever closes this ends it, and what it runs at the database.

        Raises `TooManyReadersError` before the first piece. One that takes too long ends without a word.
        """
        deadline = asyncio.get_running_loop().time() + job.seconds + EXTRA_S
        with self._room(workspace_id):
            async with _reader(job, self._settings) as output:
                with contextlib.suppress(TimeoutError):
                    while True:
                        async with asyncio.timeout_at(deadline):
                            piece = await output.read(PIECE)
                        if not piece:
                            break
                        yield piece

    async def answer(self, workspace_id: str, job: Job) -> Answer:
        """The end of a job that gives no rows. Raises what `stream` does, and `ReaderLostError`."""
        said = bytearray()
        async with contextlib.aclosing(self.stream(workspace_id, job)) as pieces:
            async for piece in pieces:
                said += piece
                if len(said) > MOST_SAID:
                    raise ReaderLostError
        at = 0
        while at + HEAD.size <= len(said):
            kind, length = HEAD.unpack_from(said, at)
            body, at = said[at + HEAD.size : at + HEAD.size + length], at + HEAD.size + length
            if kind in b"EF":
                return Answer(kind == b"E", json.loads(body))
        raise ReaderLostError

    @contextlib.contextmanager
    def _room(self, workspace_id: str) -> Iterator[None]:
        if sum(self._running.values()) >= MOST or self._running.get(workspace_id, 0) >= MOST_OF_ONE:
            raise TooManyReadersError
        self._running[workspace_id] = self._running.get(workspace_id, 0) + 1
        try:
            yield
        finally:
            self._running[workspace_id] -= 1
            if not self._running[workspace_id]:
                del self._running[workspace_id]


@contextlib.asynccontextmanager
async def _reader(job: Job, settings: Settings) -> AsyncIterator[asyncio.StreamReader]:
    """The output of a reader at work, which has an end when the context has."""
    environment = {name: settings.environ[name] for name in PASSED_ON if name in settings.environ}
    with system_calls.opened() as filters:
        walls: list[str] = []
        if settings.sandbox == "bubblewrap":
            walls = [bubblewrap.PROGRAM, *view.for_reading(settings), *bubblewrap.filtered(filters), "--"]
        process = await asyncio.create_subprocess_exec(
            *walls, *COMMAND, stdin=PIPE, stdout=PIPE, env=environment, cwd="/", pass_fds=filters, process_group=0
        )
    assert process.stdin is not None and process.stdout is not None, "they were asked for"
    try:
        process.stdin.write(json.dumps(asdict(job)).encode() + b"\n")
        await process.stdin.drain()
        yield process.stdout
    finally:
        process.stdin.close()  # it cancels what it runs at the database
        await asyncio.shield(_ended(process))


async def _ended(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_S):
            await _drained(process)
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # also what is behind walls
        await _drained(process)


async def _drained(process: asyncio.subprocess.Process) -> None:
    """Its end, and that of its output: what nobody reads would keep it."""
    assert process.stdout is not None, "it was asked for"
    while await process.stdout.read(PIECE):
        pass
    await process.wait()
