"""Processes by identity: a pid alone may have been given to somebody else since.

A process is known by its pid and the time it was started. Records of running workspace servers are written by the
spawner and read by `deita up`, which ends what they name when it stops or finds leftovers of an earlier run.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class ProcessIdentity:
    """A process that cannot be mistaken for a later one with the same pid; `started` is seconds since the epoch."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """The process that has this pid now, None if there is none."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None

    def alive(self) -> bool:
        """Whether it still runs; a zombie does not."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < 0.5
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def ask_to_end(self) -> None:
        """SIGTERM to the process alone: it takes its own children along in its own way.

        The first process of a sandbox does not hear it: those that it waits for are asked, and it ends with them.
        """
        for pid in (self.pid, *self._in_sandbox()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def _in_sandbox(self) -> list[int]:
        try:
            numbers = _numbers(self.pid)
            return [child.pid for child in psutil.Process(self.pid).children()] if numbers[1:] == ["1"] else []
        except (OSError, psutil.NoSuchProcess):
            return []

    def make_end(self) -> None:
        """SIGKILL, to its process group if it leads one."""
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(self.pid) == self.pid:
                os.killpg(self.pid, signal.SIGKILL)
            else:
                os.kill(self.pid, signal.SIGKILL)


def _numbers(pid: int) -> list[str]:
    """The process's number here and in each process table of its own further inside; none where Linux does not say."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])


def remember(folder: Path, name: str, identity: ProcessIdentity) -> None:
    """Write down a running server."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = folder / f".{name}.new"
    fresh.write_text(json.dumps(asdict(identity)), encoding="ascii")
    fresh.replace(folder / f"{name}.json")


def forget(folder: Path, name: str) -> None:
    """Strike a server that has ended off the record."""
    (folder / f"{name}.json").unlink(missing_ok=True)


def remembered(folder: Path) -> dict[str, ProcessIdentity]:
    """Every recorded server that still runs, by name; a record that cannot be read counts as none."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            values = json.loads(path.read_text(encoding="ascii"))
            identity = ProcessIdentity(int(values["pid"]), float(values["started"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if identity.alive():
            found[path.stem] = identity
    return found


def end(identities: Iterable[ProcessIdentity], grace: float = 5.0) -> None:
    """Ask processes to end, then make those end that have not within `grace` seconds."""
    left = [identity for identity in identities if identity.alive()]
    for identity in left:
        identity.ask_to_end()
    left = _wait(left, grace)
    for identity in left:
        identity.make_end()
    _wait(left, 2.0)


def _wait(identities: list[ProcessIdentity], seconds: float) -> list[ProcessIdentity]:
    deadline = time.monotonic() + seconds
    while (left := [identity for identity in identities if identity.alive()]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left
