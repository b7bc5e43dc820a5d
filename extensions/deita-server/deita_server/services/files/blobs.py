"""Uploaded bytes on disk: `files/<2 hex>/<sha256>`, immutable, told apart by their hash alone."""

from __future__ import annotations

import os
from pathlib import Path


class Blobs:
    """The workspace's `files/` folder. Every method blocks; call them in a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Return where the bytes with this hash are or would be."""
        return self.folder / sha256[:2] / sha256

    def keep(self, temporary: Path, sha256: str) -> None:
        """Move finished, synced bytes to their place, so that they survive a power cut from here on."""
        place = self.path(sha256)
        if place.exists():
            temporary.unlink()
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(place)
        for folder in (place.parent, self.folder):
            sync_folder(folder)

    def drop(self, sha256: str) -> None:
        """Remove bytes that nothing names any more."""
        self.path(sha256).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
