"""This server's mark in the workspace: a folder in `incoming/` whose lock it holds while it lives.

Several servers of one workspace share its folder, and any of them may be killed. A lock dies with its process, a row or
a pid file does not, so what a server left behind (half an upload, an import that says "running") is told by its free
lock. The lock only holds on a local disk, which a folder workspace is.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GATE = ".gate"
LOCK = "lock"


class Presence:
    """`folder` is where this server's uploads grow; `id` names the server in rows."""

    def __init__(self, incoming: Path) -> None:
        self.incoming = incoming
        self.id = uuid.uuid4().hex
        self.folder = incoming / self.id
        self._lock: int | None = None

    def enter(self) -> None:
        """Make the folder, take its lock, and remove what dead servers left."""
        if self._lock is not None:
            return
        with self.gate():
            for folder in self.incoming.iterdir():
                if folder.is_dir() and not _is_held(folder / LOCK):
                    shutil.rmtree(folder)
            self.folder.mkdir(mode=0o700)
            self._lock = os.open(self.folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    def leave(self) -> None:
        """Remove the folder and let the lock go."""
        if self._lock is None:
            return
        with self.gate():
            shutil.rmtree(self.folder)
            os.close(self._lock)
        self._lock = None

    def lives(self, server: str) -> bool:
        """Say whether the server with this id still runs."""
        return server == self.id or _is_held(self.incoming / server / LOCK)

    @contextmanager
    def gate(self) -> Iterator[None]:
        """Hold what only one server of the workspace may do at a time: entering, leaving, migrating."""
        self.incoming.mkdir(parents=True, exist_ok=True)
        gate = os.open(self.incoming / GATE, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(gate, fcntl.LOCK_EX)
            yield
        finally:
            os.close(gate)


def _is_held(path: Path) -> bool:
    try:
        lock = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
