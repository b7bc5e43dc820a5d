"""SHA-256 of a file that grows: it knows how far it is, and can read on in the file what it has missed."""

from __future__ import annotations

import hashlib
import os

from .media import HEAD_BYTES

BLOCK = 2**20


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

    def catch_up(self, descriptor: int, end: int) -> None:
        """Read on in the file up to `end`; raises OSError when it is shorter."""
        while self.position < end:
            block = os.pread(descriptor, min(BLOCK, end - self.position), self.position)
            if not block:
                raise OSError("the file is shorter than its row says")
            self.update(block)
