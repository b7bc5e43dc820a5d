"""Whole files from elsewhere, kept on local disk by name: those used last, up to a number of bytes.

For bytes that never change under their name. Several processes may share the folder: a file gets its name when it is
complete, and one that goes while somebody reads it is read to its end.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path

SPARED_S = 600.0
"""What was asked for within so many seconds stays, whatever the bound: somebody is about to open it."""
FETCHING = ".fetching-"


class FileCache:
    """Files in a folder. Methods block."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder, self._most = folder, most_bytes

    def path(self, name: str, fetch: Callable[[Path], None]) -> Path:
        """A file that is there now; if need be, `fetch` writes it to the path that it is given."""
        place = self._folder / name
        try:
            os.utime(place)
        except FileNotFoundError:
            self._make()
            fresh = self._folder / f"{FETCHING}{uuid.uuid4().hex}"
            try:
                fetch(fresh)
                fresh.replace(place)
            finally:
                fresh.unlink(missing_ok=True)
            self._trim()
        return place

    def take(self, file: Path, name: str) -> None:
        """Move a local file in: whoever brought it will ask for it soon."""
        self._make()
        file.replace(self._folder / name)
        self._trim()

    def forget(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self._folder / name).unlink(missing_ok=True)

    def _make(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _trim(self) -> None:
        """Remove what was not used for the longest time, until the rest fits."""
        now, found, total = time.time(), [], 0
        for entry in os.scandir(self._folder):
            with contextlib.suppress(FileNotFoundError):
                stat = entry.stat()
                found.append((stat.st_mtime, stat.st_size, entry.path))
                total += stat.st_size
        for used, size, path in sorted(found):
            if total <= self._most or used > now - SPARED_S:
                return
            Path(path).unlink(missing_ok=True)
            total -= size
