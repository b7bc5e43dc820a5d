"""A workspace's file, opened where it lies: what is read is fetched, a piece at a time, and nothing is kept on disk."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING

from deita.environment import workspace
from deita.files import File
from deita.http import Transport, path_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from deita.workspace import Workspace

AHEAD = 4 * 2**20


def open(
    name: str,
    mode: str = "rb",
    *,
    version: int | None = None,
    encoding: str = "utf-8",
    ws: Workspace | None = None,
) -> IO[bytes] | IO[str]:
    """Open a file of the workspace to read it: bytes with `rb`, text with `r`; without `version` the newest one.

    >>> frame = pandas.read_csv(deita.open("sales.csv"))

    It can seek, and goes on with the same bytes when the name gets others. Raises DeitaError file_not_found, and
    ValueError for another mode: files are written by `ws.upload`.
    """
    if mode not in ("r", "rt", "rb"):
        raise ValueError("mode must be r or rb: ws.upload() writes a file")
    opened = opened_to_read((ws or workspace()).transport, name, version)
    return opened if mode == "rb" else io.TextIOWrapper(opened, encoding=encoding)


def opened_to_read(transport: Transport, name: str, version: int | None) -> io.BufferedReader:
    """Open one version of a file, the newest without a number. Raises DeitaError file_not_found."""
    query = {} if version is None else {"version": version}
    file = File.from_body(transport.get(path_of("files", name, "meta"), query))
    return io.BufferedReader(Pieces(transport, file), AHEAD)


class Pieces(io.RawIOBase):
    """One version of a file, read by ranges."""

    def __init__(self, transport: Transport, file: File) -> None:
        self._transport, self._file, self._position = transport, file, 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be read from anywhere."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._file.size}[whence]
        if base + offset < 0:
            raise ValueError("there is nothing before the beginning")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Say where it is."""
        return self._position

    def readall(self) -> bytes:
        """Read the rest; without this it would come in pieces of 8 KiB, each a request."""
        return b"".join(iter(lambda: self.read(AHEAD), b""))

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer as far as the file goes; returns how many bytes that is."""
        view = memoryview(buffer).cast("B")
        end = min(self._position + len(view), self._file.size)
        if end <= self._position:
            return 0
        query = {"version": self._file.version}
        content = self._transport.part(path_of("files", self._file.name), query, self._position, end)
        view[: len(content)] = content
        self._position += len(content)
        return len(content)
