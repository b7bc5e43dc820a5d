"""Some bytes of a local file as a file of their own: what is uploaded is read while it is sent, never held."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class FilePart(io.RawIOBase):
    """The bytes of an open file from `begin` up to `end`; several may read one descriptor at a time."""

    def __init__(self, descriptor: int, begin: int, end: int) -> None:
        self._descriptor, self._begin, self._size, self._position = descriptor, begin, end - begin, 0

    def __len__(self) -> int:
        return self._size

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be read again, which a second try needs."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position in the part."""
        self._position = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence] + offset
        return self._position

    def tell(self) -> int:
        """Say where in the part it is."""
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer as far as the part goes; returns how many bytes that is."""
        view = memoryview(buffer).cast("B")
        left = max(self._size - self._position, 0)
        content = os.pread(self._descriptor, min(len(view), left), self._begin + self._position)
        view[: len(content)] = content
        self._position += len(content)
        return len(content)
