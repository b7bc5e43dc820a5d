"""The store of uploaded bytes: immutable, under their sha-256.

One interface for a folder and for a prefix of a bucket (`bucket_store`): whatever puts bytes writes a temporary file
first and hands it over finished, so that a crash leaves an orphan and never half a blob. Nothing here imports duckdb
or pyarrow: the server uses it.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterable, Set
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from .multipart import Multipart

SHA256 = re.compile(r"[0-9a-f]{64}")


class Store(Protocol):
    """Where blobs live."""

    def multipart(self, name: str, note: Path | None = None) -> Multipart | None:
        """What sends a file away while it grows, and notes down how far it is; None where it stays on this machine."""

    def prepare(self, finished: Path, sha256: str) -> None:
        """Do what takes long of `put`, which comes next and may be done under a lock."""

    def put(self, finished: Path, sha256: str) -> None:
        """Take over a finished file under its hash; afterwards it is durable and `finished` is gone."""

    def has(self, sha256: str) -> bool:
        """Whether there is such a blob."""

    def path(self, sha256: str) -> Path:
        """A local path that can be read; raises FileNotFoundError."""

    def open(self, sha256: str) -> BinaryIO:
        """The bytes; raises FileNotFoundError."""

    def read(self, sha256: str, begin: int, end: int) -> bytes:
        """The bytes from `begin` up to `end`, fewer at the end of the blob; raises FileNotFoundError."""

    def size(self, sha256: str) -> int:
        """How many bytes; raises FileNotFoundError."""

    def delete(self, sha256: str) -> None:
        """Remove a blob that nobody names any more; one that is not there is no error."""

    def older_than(self, seconds: float) -> Iterable[str]:
        """The hashes of the blobs that came longer ago than that."""

    def sweep(self, seconds: float, keep: Set[str]) -> int:
        """Remove what began to grow elsewhere longer ago than that, but what `keep` names; returns how many."""


class FolderStore:
    """Blobs in a folder: `files/<2 hex>/<sha256>`, written by atomic rename."""

    def __init__(self, root: Path) -> None:
        self._root, self._files = root, root / "files"

    def multipart(self, name: str, note: Path | None = None) -> None:
        """A file grows on the disk where it will be."""

    def prepare(self, finished: Path, sha256: str) -> None:
        """Bytes to the disk."""
        sync(finished)

    def put(self, finished: Path, sha256: str) -> None:
        """Bytes to the disk, then the name, then the folder that holds the name. The bytes become read-only."""
        target = self._place(sha256)
        finished.chmod(0o400)
        sync(finished)
        for folder in (self._files, target.parent):
            if not folder.is_dir():
                folder.mkdir(parents=True, exist_ok=True)
                sync(folder.parent)
        finished.replace(target)
        sync(target.parent)

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

    def read(self, sha256: str, begin: int, end: int) -> bytes:
        """A part of the blob's file."""
        with self.open(sha256) as file:
            return os.pread(file.fileno(), end - begin, begin)

    def size(self, sha256: str) -> int:
        """The size of the blob's file."""
        return self._place(sha256).stat().st_size

    def delete(self, sha256: str) -> None:
        """Unlink the blob's file."""
        self._place(sha256).unlink(missing_ok=True)

    def older_than(self, seconds: float) -> Iterable[str]:
        """By the time at which they got their name."""
        limit = time.time() - seconds
        for path in self._files.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                if SHA256.fullmatch(path.name) and path.stat().st_ctime < limit:
                    yield path.name

    def sweep(self, seconds: float, keep: Set[str]) -> int:
        """Nothing grows elsewhere."""
        return 0

    def _place(self, sha256: str) -> Path:
        return self._root / key_of(sha256)


def sync(path: Path) -> None:
    """Bring a file's bytes, or a folder's names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def key_of(sha256: str) -> str:
    """Where a blob lies below the workspace; raises ValueError for what is no hash."""
    if not SHA256.fullmatch(sha256):
        raise ValueError("not a sha-256")
    return f"files/{sha256[:2]}/{sha256}"
