"""Sending files: a small one is one request, a large one goes on after a lost connection (tus 1.0.0)."""

from __future__ import annotations

import contextlib
import os
import time
from base64 import b64encode
from typing import IO, Any

from deita.errors import DeitaError, ServerUnavailable
from deita.http import Transport, path_of
from deita.progress import Progress

ONE_REQUEST = 8 * 2**20
TRIES = 10  # in a row, without a byte that arrived
LONGEST_PAUSE_S = 5.0
PASSING = (409, 423, 429, 502, 503, 504)
VERSION = {"Tus-Resumable": "1.0.0"}


def send_file(transport: Transport, file: IO[bytes], name: str, replace: bool, progress: Progress) -> dict[str, Any]:
    """Send an open file from its beginning and return what the data plane says of it. Raises DeitaError."""
    size = os.fstat(file.fileno()).st_size
    body: Any = _Watched(file, size, f"Uploading {name}", progress)
    if size > ONE_REQUEST:
        return _send_in_parts(transport, body, name, replace)
    headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
    query = {"replace": 1} if replace else None
    found: dict[str, Any] = transport.send("PUT", path_of("files", name), query=query, body=body, headers=headers)
    return found


def _send_in_parts(transport: Transport, body: _Watched, name: str, replace: bool) -> dict[str, Any]:
    wanted = {"filename": name, **({"replace": "1"} if replace else {})}
    metadata = ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in wanted.items())
    headers = {**VERSION, "Upload-Length": str(body.size), "Upload-Metadata": metadata}
    upload: dict[str, Any] = transport.send("POST", "uploads", headers=headers)
    path, failures = path_of("uploads", upload["id"]), 0
    try:
        while not upload["file"]:
            offset = upload["offset"]
            try:
                _send_rest(transport, path, body, offset)
                upload = transport.get(path)
            except DeitaError as error:
                failures += 1
                if failures >= TRIES or not _is_passing(error):
                    raise
                time.sleep(min(LONGEST_PAUSE_S, 0.1 * 2**failures))
                with contextlib.suppress(ServerUnavailable):  # then the next turn finds out, or gives up
                    transport.send("HEAD", path, headers=VERSION)  # ends a request that the server still waits for
                    upload = transport.get(path)
            failures = 0 if upload["offset"] > offset else failures
    except (KeyboardInterrupt, SystemExit):
        with contextlib.suppress(DeitaError):  # the caller is on its way out
            transport.send("DELETE", path, headers=VERSION, patience_s=5)
        raise
    found: dict[str, Any] = upload["file"]
    return found


def _send_rest(transport: Transport, path: str, body: Any, offset: int) -> None:
    body.seek(offset)
    headers = {
        **VERSION,
        "Upload-Offset": str(offset),
        "Content-Length": str(body.size - offset),
        "Content-Type": "application/offset+octet-stream",
    }
    transport.send("PATCH", path, body=body, headers=headers)


def _is_passing(error: DeitaError) -> bool:
    return isinstance(error, ServerUnavailable) or (error.status in PASSING and error.code != "file_exists")


class _Watched:
    """A file that says how far it has been read."""

    def __init__(self, file: IO[bytes], size: int, what: str, progress: Progress) -> None:
        self.size, self._file, self._what, self._progress = size, file, what, progress

    def read(self, count: int = -1) -> bytes:
        block = self._file.read(count)
        self._progress(self._what, self._file.tell() / self.size if self.size else 1.0)
        return block

    def seek(self, position: int) -> int:
        return self._file.seek(position)

    def tell(self) -> int:
        return self._file.tell()
