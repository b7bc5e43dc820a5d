"""Keeping bytes where they are while a backup reads them: upkeep waits, and so does the removal of unnamed bytes.

What deletes bytes of a workspace holds its upkeep lock: a file's where its database is one, PostgreSQL's otherwise. A
backup holds the same. People notice nothing: what they delete is gone for them, its bytes go at the next upkeep. Only
bytes in a bucket, and databases that are not files, need this; a folder's bytes get second names at once (`freezing`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from deita_hub.backing_up.errors import BackupError
from deita_hub.lifeline import FileLock, LockBusyError
from deita_hub.settings import Settings

LOCK = "upkeep.lock"
UNDER_WAY = "backup.lock"
"""In DEITA_HOME: held by whoever makes a backup."""
PATIENCE_S = 1200.0
"""Upkeep takes a quarter of an hour at most."""
POLL_S = 0.2


@contextlib.contextmanager
def held(workspaces: Sequence[Path], patience: float = PATIENCE_S) -> Iterator[None]:
    """Hold the upkeep locks of workspaces in these folders. Raises BackupError naming one that is busy too long."""
    deadline = time.monotonic() + patience
    with contextlib.ExitStack() as stack:
        for workspace in workspaces:
            descriptor = _opened(workspace)
            stack.callback(os.close, descriptor)
            while not _locked(descriptor):
                if time.monotonic() > deadline:
                    raise BackupError(f"Upkeep of workspace {workspace.name} did not end: make the backup later.")
                time.sleep(POLL_S)
        yield


def is_under_way(settings: Settings) -> bool:
    """Whether a backup is being made."""
    lock = FileLock(settings.home / UNDER_WAY)
    try:
        lock.acquire()
    except LockBusyError:
        return True
    lock.release()
    return False


def _opened(workspace: Path) -> int:
    """The lock's file, which belongs to whoever the folder belongs to; links are not followed."""
    descriptor = os.open(workspace / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    owner, made = workspace.stat(), os.fstat(descriptor)
    if made.st_uid != owner.st_uid and os.geteuid() == 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
