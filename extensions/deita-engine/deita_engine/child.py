"""The engine process as the server's side sees it: started over a socket pair, spoken to in frames, ended for real.

The child inherits one end of the pair and a scrubbed environment. It is killed by the kernel when the server's thread
that started it dies (PR_SET_PDEATHSIG) and ends itself when the socket closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import wire

KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
LOG_BYTES = 1024 * 1024
Receive = Callable[[wire.Message, bytes], None]


class Child:
    """One engine process."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.process, self._reader, self._writer = process, reader, writer
        self.given: wire.Message = {}

    @classmethod
    async def start(cls, options: dict[str, Any], log_file: Path) -> Child:
        """Start a process; it says `ready` once it can take operations."""
        ours, theirs = socket.socketpair()
        with theirs, log_file.open("ab") as log:
            if log.tell() > LOG_BYTES:
                log.truncate(0)
            process = subprocess.Popen(  # noqa: ASYNC220 - returns after fork and exec, a few milliseconds
                [sys.executable, "-m", "deita_engine", str(theirs.fileno()), json.dumps(options)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(),
                cwd="/",
                start_new_session=True,
            )
        ours.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=ours, limit=2**20)
        return cls(process, reader, writer)

    def send(self, message: wire.Message) -> None:
        """Put one frame on its way."""
        if not self._writer.is_closing():
            self._writer.write(wire.encode(message))

    def give(self, access: wire.Message) -> None:
        """Hand over what reaches storage and database, unless it has it: on the socket, never where others can look."""
        if access != self.given:
            self.given = access
            self.send({"op": "access", "args": access})

    async def listen(self, receive: Receive) -> None:
        """Hand over every frame until the child is gone, then reap it."""
        try:
            while True:
                head, attachment = wire.lengths(await self._reader.readexactly(wire.LENGTHS.size))
                message = wire.decode(await self._reader.readexactly(head))
                receive(message, await self._reader.readexactly(attachment) if attachment else b"")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            await self.kill()

    async def kill(self) -> int:
        """End the process and wait until it is gone; returns its exit status."""
        self._writer.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        return await asyncio.to_thread(self.process.wait)


def environment() -> dict[str, str]:
    """What of the server's environment the engine gets: no token, no setting."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return {
        **kept,
        "DEITA_ENGINE_PARENT": str(os.getpid()),
        "PYTHONSAFEPATH": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }
