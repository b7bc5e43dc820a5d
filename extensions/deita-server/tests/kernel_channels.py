"""A page's connection to its kernel: the websocket of jupyter-server, in both of its protocols."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

from .live_hub import Server

BINARY = "v1.kernel.websocket.jupyter.org"


class Channels:
    """Sends and receives kernel messages."""

    def __init__(self, socket: ClientConnection, *, binary: bool) -> None:
        self.socket, self.binary = socket, binary

    def send(self, kind: str, content: dict[str, Any], channel: str = "shell") -> str:
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "username": "",
            "session": "tests",
            "version": "5.3",
            "date": "2026-01-01T00:00:00Z",
        }
        if self.binary:
            parts = [channel.encode(), *(json.dumps(part).encode() for part in (header, {}, {}, content))]
            offsets = [8 * (len(parts) + 2)]
            for part in parts:
                offsets.append(offsets[-1] + len(part))
            numbers = [len(offsets), *offsets]
            self.socket.send(b"".join(number.to_bytes(8, "little") for number in numbers) + b"".join(parts))
        else:
            message = {
                "header": header,
                "parent_header": {},
                "metadata": {},
                "content": content,
                "channel": channel,
                "buffers": [],
            }
            self.socket.send(json.dumps(message))
        return str(header["msg_id"])

    def receive(self, seconds: float) -> dict[str, Any]:
        """The next message; raises TimeoutError."""
        got = self.socket.recv(timeout=seconds)
        if isinstance(got, str):
            return dict(json.loads(got))
        count = int.from_bytes(got[:8], "little")
        offsets = [int.from_bytes(got[8 * i : 8 * i + 8], "little") for i in range(1, count + 1)]
        channel, *parts = [got[begin:end] for begin, end in itertools.pairwise(offsets)]
        names = ("header", "parent_header", "metadata", "content")
        return {
            "channel": channel.decode(),
            **{name: json.loads(part) for name, part in zip(names, parts, strict=False)},
        }

    def answer_to(self, message_id: str, kind: str, seconds: float = 20) -> dict[str, Any]:
        """The first message of this kind that answers a message."""
        while True:
            got = self.receive(seconds)
            if got["parent_header"].get("msg_id") == message_id and got["header"]["msg_type"] == kind:
                return got

    def run(self, code: str) -> str:
        """Run code in a kernel that lets us; return what it printed."""
        message_id = self.send("execute_request", {"code": code, "silent": False, "store_history": False})
        return str(self.answer_to(message_id, "stream")["content"]["text"])


@contextmanager
def channels(server: Server, kernel_id: str, *, below: str = "", binary: bool = False) -> Iterator[Channels]:
    url = server.url.replace("http", "ws", 1) + f"{below}api/kernels/{kernel_id}/channels?session_id=tests"
    protocols: Any = [BINARY] if binary else None
    with connect(url, additional_headers=server.headers, subprotocols=protocols, max_size=None) as socket:
        yield Channels(socket, binary=binary)
