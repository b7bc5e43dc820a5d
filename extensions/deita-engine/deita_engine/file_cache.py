"""Whole files from elsewhere, kept on local disk by name: those used last, up to a number of bytes.

For bytes that never change under their name. Several processes may share the folder: a file gets its name when it is
complete, and one that goes while somebody reads it is read to its end.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path

SPARED_S = 600.0
LOOKED_AT_ONLY = (errno.EROFS, errno.EPERM, errno.EACCES)
FETCHING = ".fetching-"


class FileCache:
    """Files in a folder. Methods block. What was asked for within `spared_s` seconds stays, whatever the bound:
    somebody is about to open it.
    """

    def __init__(self, folder: Path, most_bytes: int, spared_s: float = SPARED_S) -> None:
        self.folder, self._most, self._spared_s = folder, most_bytes, spared_s

    def path(self, name: str, fetch: Callable[[Path], None]) -> Path:
        """A file that is there now; if need be, `fetch` writes it to the path that it is given."""
        place = self.folder / name
        if self.held(name) is None:
            self._make()
            fresh = self.folder / f"{FETCHING}{uuid.uuid4().hex}"
            try:
                fetch(fresh)
                fresh.replace(place)
            finally:
                fresh.unlink(missing_ok=True)
            self._trim()
        return place

    def held(self, name: str, size: int | None = None) -> Path | None:
        """A file if it is there, which counts as asked for; None if not, or if it has another `size`: a machine that
        lost its power may have lost the end of what it was writing.
        """
        place = self.folder / name
        try:
            there = place.stat().st_size
            os.utime(place)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno not in LOOKED_AT_ONLY:
                raise
        return place if size in (None, there) else None

    def offer(self, file: Path, name: str) -> None:
        """Move a local file in that nobody has asked for yet: it goes as soon as there is no room. One that could never
        have any is removed.
        """
        if file.stat().st_size > self._most:
            file.unlink()
            return
        self._make()
        os.utime(file, (time.time() - self._spared_s,) * 2)
        file.replace(self.folder / name)
        self._trim()

    def link(self, old: str, new: str) -> None:
        """Give a file that is there a second name."""
        with contextlib.suppress(OSError):  # it may not be there, and a file system may have no links
            os.link(self.folder / old, self.folder / new)

    def take(self, file: Path, name: str) -> None:
        """Move a local file in: whoever brought it will ask for it soon."""
        self._make()
        file.replace(self.folder / name)
        self._trim()

    def names(self) -> set[str]:
        """What is there."""
        return {path.name for path in self.folder.glob("[!.]*")}

    def forget(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self.folder / name).unlink(missing_ok=True)

    def _make(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _trim(self) -> None:
        """Remove what was not used for the longest time, until the rest fits."""
        now, found, total = time.time(), [], 0
        for entry in os.scandir(self.folder):
            with contextlib.suppress(FileNotFoundError):
                stat = entry.stat()
                if entry.is_dir():
                    continue
                found.append((stat.st_mtime, stat.st_size, entry.path))
                total += stat.st_size
        for used, size, path in sorted(found):
            if total <= self._most or used > now - self._spared_s:
                return
            Path(path).unlink(missing_ok=True)
            total -= size
