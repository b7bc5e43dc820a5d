"""The store of uploaded bytes: immutable, under their sha-256; and the incoming files that become them.

One interface for a folder and, later, for an S3 prefix: whatever puts bytes writes a temporary file first and hands
it over finished, so that a crash leaves an orphan in `incoming` and never half a blob. Nothing here imports duckdb or
pyarrow: the server uses it.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
import uuid
from pathlib import Path
from typing import BinaryIO, Protocol

SHA256 = re.compile(r"[0-9a-f]{64}")


class Store(Protocol):
    """Where blobs live."""

    def incoming(self, name: str | None = None) -> Path:
        """A path for bytes under way; the same name gives the same path."""

    def put(self, finished: Path, sha256: str) -> None:
        """Take over a finished file under its hash; afterwards it is durable and `finished` is gone."""

    def has(self, sha256: str) -> bool:
        """Whether there is such a blob."""

    def path(self, sha256: str) -> Path:
        """A local path that can be read; raises FileNotFoundError."""

    def open(self, sha256: str) -> BinaryIO:
        """The bytes; raises FileNotFoundError."""

    def size(self, sha256: str) -> int:
        """How many bytes; raises FileNotFoundError."""

    def delete(self, sha256: str) -> None:
        """Remove a blob that nobody names any more; one that is not there is no error."""

    def sweep(self, older_than_hours: float, keep: frozenset[str] = frozenset()) -> int:
        """Remove incoming files that nobody touched for so long, but those named in `keep`; returns how many."""


class FolderStore:
    """Blobs in a folder: `files/<2 hex>/<sha256>`, written by atomic rename."""

    def __init__(self, root: Path) -> None:
        self._files, self._incoming = root / "files", root / "incoming"
        for folder in (self._files, self._incoming):
            folder.mkdir(parents=True, exist_ok=True)

    def incoming(self, name: str | None = None) -> Path:
        """A path in the incoming folder; raises ValueError for a name with path parts."""
        name = uuid.uuid4().hex if name is None else name
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", name):
            raise ValueError("not a name for an incoming file")
        return self._incoming / name

    def put(self, finished: Path, sha256: str) -> None:
        """Bytes to the disk, then the name, then the folder that holds the name."""
        target = self._place(sha256)
        _sync(finished)
        if not target.parent.is_dir():
            target.parent.mkdir(exist_ok=True)
            _sync(self._files)
        finished.replace(target)
        _sync(target.parent)

    def has(self, sha256: str) -> bool:
        """Whether the blob's file is there."""
        return self._place(sha256).is_file()

    def path(self, sha256: str) -> Path:
        """The blob's file; raises FileNotFoundError."""
        place = self._place(sha256)
        if not place.is_file():
            raise FileNotFoundError(sha256)
        return place

    def open(self, sha256: str) -> BinaryIO:
        """The blob's file, opened for reading."""
        return self._place(sha256).open("rb")

    def size(self, sha256: str) -> int:
        """The size of the blob's file."""
        return self._place(sha256).stat().st_size

    def delete(self, sha256: str) -> None:
        """Unlink the blob's file."""
        self._place(sha256).unlink(missing_ok=True)

    def sweep(self, older_than_hours: float, keep: frozenset[str] = frozenset()) -> int:
        """Unlink orphans of the incoming folder by their modification time."""
        limit = time.time() - older_than_hours * 3600
        removed = 0
        for file in list(self._incoming.iterdir()):
            if file.name in keep:
                continue
            with contextlib.suppress(FileNotFoundError):
                if file.stat().st_mtime < limit:
                    file.unlink()
                    removed += 1
        return removed

    def _place(self, sha256: str) -> Path:
        if not SHA256.fullmatch(sha256):
            raise ValueError("not a sha-256")
        return self._files / sha256[:2] / sha256


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def store_at(url: str) -> Store:
    """The store of a storage URL (`file:///…`); raises ValueError for a kind that there is none of."""
    scheme, _, path = url.partition("://")
    if scheme != "file" or not path.startswith("/"):
        raise ValueError(f"storage of kind {scheme or 'unknown'} is not supported")
    return FolderStore(Path(path))
