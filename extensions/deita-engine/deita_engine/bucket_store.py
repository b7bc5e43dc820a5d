"""The store of uploaded bytes in a bucket: `files/<2 hex>/<sha256>` below the workspace's prefix.

What comes in is hashed on its way through a local file. A small one is uploaded when it is complete, and kept in the
cache for whoever imports it next; a large one goes to the bucket part by part while it arrives (`multipart`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Set
from pathlib import Path
from typing import BinaryIO

from .file_cache import FileCache
from .multipart import FOLDER, Multipart
from .objects import Objects
from .store import key_of


class BucketStore:
    """Blobs in a bucket; whole ones are read from a cache on local disk."""

    def __init__(self, objects: Objects, cache: FileCache) -> None:
        self._objects, self._cache = objects, cache

    def multipart(self, name: str, note: Path | None = None) -> Multipart:
        """Parts of the key `incoming/<name>`."""
        return Multipart(self._objects, name, note)

    def prepare(self, finished: Path, sha256: str) -> None:
        """Upload the bytes, which may take long."""
        self._objects.put_file(finished, key_of(sha256), sha256)

    def put(self, finished: Path, sha256: str) -> None:
        """See that they are there, and keep the local ones for whoever imports them next."""
        self._objects.put_file(finished, key_of(sha256), sha256)
        self._cache.take(finished, sha256)

    def has(self, sha256: str) -> bool:
        """Whether the key is there."""
        return self._objects.size(key_of(sha256)) is not None

    def path(self, sha256: str) -> Path:
        """A local copy."""
        return self._cache.path(sha256, lambda target: self._objects.fetch(key_of(sha256), target))

    def open(self, sha256: str) -> BinaryIO:
        """A local copy, opened for reading."""
        return self.path(sha256).open("rb")

    def read(self, sha256: str, begin: int, end: int) -> bytes:
        """These bytes and no others: a download needs no local copy."""
        return self._objects.get(key_of(sha256), begin, end)

    def size(self, sha256: str) -> int:
        """The size of the key."""
        size = self._objects.size(key_of(sha256))
        if size is None:
            raise FileNotFoundError(sha256)
        return size

    def delete(self, sha256: str) -> None:
        """Remove the key and the local copy."""
        self._objects.delete(key_of(sha256))
        self._cache.forget(sha256)

    def older_than(self, seconds: float) -> Iterable[str]:
        """By the time at which their key came."""
        limit = time.time() - seconds
        for found in self._objects.below("files/"):
            if found.modified.timestamp() < limit:
                yield _name(found.key)

    def sweep(self, seconds: float, keep: Set[str]) -> int:
        """Abort uploads in parts by the time at which they began, and remove what they became by that of its key."""
        limit, removed = time.time() - seconds, 0
        for upload in list(self._objects.unfinished(FOLDER)):
            if upload.begun.timestamp() < limit and _name(upload.key) not in keep:
                self._objects.abort(upload.key, upload.id)
                removed += 1
        for found in list(self._objects.below(FOLDER)):
            if found.modified.timestamp() < limit and _name(found.key) not in keep:
                self._objects.delete(found.key)
                removed += 1
        return removed


def _name(key: str) -> str:
    return key.rpartition("/")[2]
