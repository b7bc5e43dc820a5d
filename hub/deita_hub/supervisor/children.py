"""One child process that is started again when it falls over, with growing pauses and an end to patience."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable

from deita_hub.settings import Settings
from deita_hub.supervisor import logs
from deita_hub.supervisor.programs import Program

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
PATIENCE = 8
"""Falls within `PATIENCE_SECONDS` after which a child counts as broken."""
PATIENCE_SECONDS = 60.0
PR_SET_PDEATHSIG = 1


class ChildBrokenError(Exception):
    """A child fell over again and again; `deita up` cannot go on."""


class Child:
    """A program that is kept running until `stop`."""

    def __init__(self, program: Program, settings: Settings, say: Callable[[str], None]) -> None:
        self.program = program
        self._settings, self._say = settings, say
        self._process: asyncio.subprocess.Process | None = None
        self._falls: deque[float] = deque(maxlen=PATIENCE)
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The running process, None between two."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Start the process; its output goes to its log."""
        descriptor = logs.open_log(self._settings.logs_dir / f"{self.program.name}.log")
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self.program.command,
                env=self.program.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,
                preexec_fn=_die_with_parent if self.program.name == "proxy" else None,
            )
        finally:
            os.close(descriptor)

    async def keep(self, restarted: Callable[[], Awaitable[None]]) -> None:
        """Wait for the process to end and start it again, until `stop`. Raises `ChildBrokenError`."""
        while (code := await self._ended()) is not None:
            self._fell(code)
            await asyncio.sleep(self._pause())
            if not self._stopping.is_set():
                await self.start()
                await restarted()

    async def _ended(self) -> int | None:
        """Wait for the process; its exit code if it fell over, None if it was to stop."""
        assert self._process is not None, "start comes before keep"
        code = await self._process.wait()
        return None if self._stopping.is_set() else code

    def _fell(self, code: int) -> None:
        name = self.program.name
        self._falls.append(time.monotonic())
        if len(self._falls) == PATIENCE and self._falls[-1] - self._falls[0] < PATIENCE_SECONDS:
            raise ChildBrokenError(
                f"The {name} fell over {PATIENCE} times in a minute: see logs/{name}.log in Deita's folder."
            )
        self._say(f"The {name} fell over (exit code {code}) and is started again.")

    def _pause(self) -> float:
        recent = sum(1 for fall in self._falls if fall > time.monotonic() - PATIENCE_SECONDS)
        return float(min(FIRST_PAUSE * 2 ** (recent - 1), LONGEST_PAUSE))

    async def stop(self, grace: float) -> None:
        """Ask the process to end and make it after `grace` seconds."""
        self._stopping.set()
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), grace)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


def _die_with_parent() -> None:
    """In the child before it becomes the proxy: on Linux the kernel ends it with `deita up`.

    Hub, control plane and servers wait for the lifeline instead; Node cannot wait for a file lock.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
