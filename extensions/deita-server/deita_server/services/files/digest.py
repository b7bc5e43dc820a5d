"""SHA-256 of a file that grows: it knows how far it is, and can read on what it has missed.

The state of a hash cannot be written down: after a restart what had arrived is read again, from the disk or, where its
parts are in a bucket and cannot be read before they are one key, at the end from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from .media import HEAD_BYTES

BLOCK = 4 * 2**20


class Digest:
    """The hash of the first `position` bytes; `head` is how the file begins."""

    def __init__(self) -> None:
        self.position = 0
        self.head = b""
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The hash of the first `position` bytes."""
        return self._hash.hexdigest()

    def copy(self) -> Digest:
        """Return one that goes on from here by itself."""
        twin = Digest()
        twin.position, twin.head, twin._hash = self.position, self.head, self._hash.copy()
        return twin

    def update(self, block: bytes | bytearray) -> None:
        """Take the bytes that follow."""
        if len(self.head) < HEAD_BYTES:
            self.head += bytes(block[: HEAD_BYTES - len(self.head)])
        self._hash.update(block)
        self.position += len(block)

    def catch_up(self, read: Callable[[int, int], bytes], end: int) -> None:
        """Read on up to `end` with `read(begin, end)`; raises OSError when there is less."""
        while self.position < end:
            block = read(self.position, min(self.position + BLOCK, end))
            if not block:
                raise OSError("the file is shorter than its row says")
            self.update(block)
