"""A private folder for the sockets and connection files of one server's kernels.

The kernel's sockets are unix sockets: no port that another person on the machine could reach. Their paths must stay
below the limit of the address family (108 bytes on Linux, 104 on macOS), so the folder is short and not inside the
workspace.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

PREFIX = "deita-k-"
PATH_LIMIT = 100
_LONGEST_NAME = len("/kernel-00000000-0000-0000-0000-000000000000-ipc-5")
_LOCK = "lock"


class KernelSockets:
    """The folder, 0700, locked while this process lives, so that the next server can clear up after a crash."""

    def __init__(self, parent: Path | None = None) -> None:
        parent = parent or _parent()
        clear_abandoned(parent)
        made = Path(tempfile.mkdtemp(prefix="." + PREFIX, dir=parent))
        self._lock: IO[bytes] = (made / _LOCK).open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.folder = made.rename(made.with_name(made.name.removeprefix(".")))
        atexit.register(self.close)

    def of(self, kernel_id: str) -> Path:
        """A folder in it for one kernel, made if need be."""
        folder = self.folder / kernel_id
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def forget(self, kernel_id: str) -> None:
        """Remove a kernel's folder, if it had one."""
        shutil.rmtree(self.folder / kernel_id, ignore_errors=True)

    def close(self) -> None:
        """Remove the folder with everything in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()


def clear_abandoned(parent: Path) -> None:
    """Remove the folders of servers of this user that ended without a chance to do so themselves."""
    for folder in parent.glob(PREFIX + "*"):
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            with (folder / _LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # somebody else's, alive, or gone in between
            continue


def _parent() -> Path:
    given = Path(tempfile.gettempdir())
    if len(os.fsencode(given)) + 1 + len(PREFIX) + 8 + _LONGEST_NAME <= PATH_LIMIT:
        return given
    return Path("/tmp")  # the folder inside it is made by mkdtemp, private and unguessable
