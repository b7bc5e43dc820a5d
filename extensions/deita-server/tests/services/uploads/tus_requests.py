"""tus requests as a client without a library would send them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import httpx

from ...workspace_server import RunningServer

VERSION = {"Tus-Resumable": "1.0.0"}
OCTETS = {**VERSION, "Content-Type": "application/offset+octet-stream"}


def metadata(**pairs: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


def create(
    server: RunningServer, name: str, length: int, content: bytes | None = None, headers: Any = (), **more: str
) -> httpx.Response:
    given = {**VERSION, "Upload-Length": str(length), "Upload-Metadata": metadata(filename=name, **more)}
    if content is not None:
        given |= OCTETS
    return server.api.post("/uploads", headers={**given, **dict(headers)}, content=content)


def begin(server: RunningServer, name: str, length: int, **more: str) -> str:
    """Begin an upload and return its address below the data plane's."""
    answer = create(server, name, length, **more)
    assert answer.status_code == 201, answer.text
    return "/uploads/" + answer.headers["Location"].rsplit("/", 1)[1]


def patch(server: RunningServer, upload: str, offset: int, content: Any, **headers: str) -> httpx.Response:
    return server.api.patch(upload, headers={**OCTETS, "Upload-Offset": str(offset), **headers}, content=content)


def offset(server: RunningServer, upload: str) -> int:
    answer = server.api.head(upload, headers=VERSION)
    assert answer.status_code == 200, answer
    return int(answer.headers["Upload-Offset"])


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def bytes_of(server: RunningServer, upload: str) -> Path:
    """Return where the bytes of an unfinished upload grow."""
    return server.storage / "incoming" / f"{upload.rsplit('/', 1)[1]}.upload"
