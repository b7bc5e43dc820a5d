"""Starting a workspace server's process, with walls around it or without, within limits.

The process that counts is the server itself, or its sandbox's first process: a shell that waits for the server and
reaps orphans. When it ends, the kernel ends everything else in the sandbox, whatever detached itself in there.
bubblewrap's own first process is not used: it waits for every process in the sandbox.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from deita_hub.processes import ProcessIdentity
from deita_hub.sandbox import bubblewrap, system_calls

FIRST = ("sh", "-c", '"$@"; exit $?', "sandbox")
"""The sandbox's first process: runs what follows and ends with its exit code."""


class StartFailedError(Exception):
    """The server did not start; the message is for the person who waits for it."""


@dataclass(frozen=True)
class Limits:
    """What one process of a server may take; None is without limit. `processes` counts those of the whole server."""

    memory: int | None = None
    processes: int | None = None

    def apply(self, pid: int) -> None:
        """Bind a process and all that it will start. Root is exempt from the number of processes."""
        for kind, most in ((resource.RLIMIT_DATA, self.memory), (resource.RLIMIT_NPROC, self.processes)):
            if most is not None:
                resource.prlimit(pid, kind, (most, most))


@dataclass(frozen=True)
class Launch:
    """What is to be started: `walls` are the options of `bwrap`, empty without a sandbox."""

    command: Sequence[str]
    environment: dict[str, str]
    folder: Path
    log: Path
    limits: Limits
    walls: Sequence[str] = ()
    handed: Sequence[int] = ()
    """Descriptors that it inherits under the same numbers."""

    async def run(self) -> tuple[subprocess.Popen[bytes], ProcessIdentity | None]:
        """Start it; returns what was started and the process that counts. Raises `StartFailedError`, OSError."""
        return await asyncio.to_thread(self._in_sandbox if self.walls else self._bare)

    def _bare(self) -> tuple[subprocess.Popen[bytes], ProcessIdentity | None]:
        process = self._popen(self.command, self.environment)
        self.limits.apply(process.pid)
        return process, ProcessIdentity.of(process.pid)

    def _in_sandbox(self) -> tuple[subprocess.Popen[bytes], ProcessIdentity | None]:
        """The limits are set while the sandbox waits at `--block-fd`, before anything of the person's runs in it.

        The environment is for the server alone: it goes through a file in memory, where `ps` does not show it.
        """
        told, tell = os.pipe()
        waits, go = os.pipe()
        options = _in_memory([*self.walls, "--clearenv", *self._variables()])
        handed = (options, tell, waits)
        try:
            words = zip(("--args", "--info-fd", "--block-fd"), map(str, handed), strict=True)
            program = (bubblewrap.found() or bubblewrap.PROGRAM, "--as-pid-1", *chain.from_iterable(words))
            with system_calls.opened() as filters:
                walls = (*program, *bubblewrap.filtered(filters), "--")
                process = self._popen((*walls, *FIRST, *self.command), {}, (*handed, *filters))
        finally:
            for descriptor in handed:
                os.close(descriptor)
        try:
            first = _first_process(told)
            if first is None:
                process.wait()
                raise StartFailedError("the sandbox could not be made; the server's log says why")
            identity = ProcessIdentity.of(first)
            with contextlib.suppress(ProcessLookupError, BrokenPipeError):  # it gave up: its exit code says so
                self.limits.apply(first)
                os.write(go, b".")
            return process, identity
        finally:
            os.close(told)
            os.close(go)

    def _variables(self) -> Iterator[str]:
        for name, value in self.environment.items():
            yield from ("--setenv", name, value)

    def _popen(
        self, command: Sequence[str], environment: dict[str, str], handed: Sequence[int] = ()
    ) -> subprocess.Popen[bytes]:
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return subprocess.Popen(
                command,
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,
                pass_fds=(*handed, *self.handed),
            )
        finally:
            os.close(descriptor)


def _in_memory(words: Iterable[str]) -> int:
    """A descriptor from which the words can be read, each with a NUL after it, as `bwrap --args` wants them."""
    descriptor = os.memfd_create("sandbox")
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(b"".join(os.fsencode(word) + b"\0" for word in words))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _first_process(told: int) -> int | None:
    """The sandbox's first process, as its maker tells it when the namespaces are there; None when it gave up."""
    with os.fdopen(os.dup(told), "rb") as answer:
        text = answer.read()
    return int(json.loads(text)["child-pid"]) if text else None
