"""What the reader says, as frames: a letter, the length of what follows in four bytes (big endian), then that.

`H` is what will come (JSON), `D` bytes of the rows, `P` how many rows were read so far (JSON), and last either `E`, the
end (JSON), or `F`, why there is none (JSON in the shape of an error). Without `E` or `F` it broke off. An HTTP answer
has no place for what goes wrong after its first bytes; a body of frames has.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

HEAD = struct.Struct(">cI")
MOST = 4 * 2**20
"""Bytes of a frame; what is longer is sent as several."""


class Frames:
    """Writes frames to a stream; a file object for those who write rows, which counts and bounds them."""

    def __init__(self, stream: BinaryIO, most: int | None = None) -> None:
        self._stream, self._most = stream, most
        self.sent = 0
        self.closed = False

    def say(self, kind: bytes, value: dict[str, Any]) -> None:
        """Send JSON."""
        self._send(kind, json.dumps(value, ensure_ascii=False).encode())
        self._stream.flush()

    def write(self, data: Any) -> int:
        """Send bytes of the rows. Raises `TooManyBytesError`."""
        view = memoryview(data).cast("B")
        self.sent += view.nbytes
        if self._most is not None and self.sent > self._most:
            raise TooManyBytesError(self._most)
        for begin in range(0, view.nbytes, MOST):
            self._send(b"D", view[begin : begin + MOST])
        return view.nbytes

    def tell(self) -> int:
        """How many bytes of rows were sent."""
        return self.sent

    def flush(self) -> None:
        """Send what is held back."""
        self._stream.flush()

    def writable(self) -> bool:
        """It can be written to."""
        return True

    def close(self) -> None:
        """Nothing: the stream is the process's."""

    def _send(self, kind: bytes, data: bytes | memoryview) -> None:
        self._stream.write(HEAD.pack(kind, len(data)))
        self._stream.write(data)


class TooManyBytesError(Exception):
    """The rows are more bytes than were asked for."""
