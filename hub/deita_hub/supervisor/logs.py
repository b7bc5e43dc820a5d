"""Keeping the logs bounded: what has grown too large is moved aside, one older file is kept, for some days.

Every process appends to its log by itself (O_APPEND), so a file is copied and then cut to nothing: no process has to
be told to reopen it. A line written between copy and cut is lost; the alternative, a pipe through `deita up`, would
tie every server's output to this process and stop it when this process dies.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path


def open_log(path: Path) -> int:
    """A descriptor that appends to the log; the caller closes it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def rotate(folder: Path, largest: int, days: int) -> None:
    """Move every log below the folder aside that has grown too large, and remove what nobody wrote to for so long."""
    oldest = time.time() - days * 86400
    for path in [*folder.rglob("*.log"), *folder.rglob("*.log.1")]:
        found = path.stat()
        if found.st_mtime < oldest:
            path.unlink()
        elif path.suffix == ".log" and found.st_size > largest:
            shutil.copyfile(path, path.with_suffix(".log.1"))
            os.truncate(path, 0)
