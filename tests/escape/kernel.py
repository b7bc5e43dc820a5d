"""Runs code in a kernel of a workspace server, as a notebook does."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import httpx
from websockets.sync.client import connect

FOLDER = Path(__file__).parent
MODULES = ("registry", "files", "processes", "machine", "network")
PRELUDE = """
import json, sys, types
for name, text in json.loads({sources!r}).items():
    module = sys.modules["tests.escape." + name] = types.ModuleType("tests.escape." + name)
    exec(compile(text, name, "exec"), module.__dict__)
sys.modules["tests.escape.registry"].run(json.loads({world!r}), {answer!r})
"""


def program(world: dict[str, object], answer: Path, modules: tuple[str, ...] = MODULES) -> str:
    """The cell that tries every way out of these modules and writes what came of it into a file."""
    sources = {name: (FOLDER / f"{name}.py").read_text() for name in modules}
    return PRELUDE.format(sources=json.dumps(sources), world=json.dumps(world), answer=str(answer))


def execute(
    client: httpx.Client, server: str, code: str, kind: str = "python3", seconds: float = 240, path: str = ""
) -> dict[str, object]:
    """Run code in a fresh kernel, of the notebook at `path`, of the server at this URL; returns the reply.

    Raises TimeoutError.
    """
    asked = {"name": kind, "path": path}
    kernel = client.post(f"{server}api/kernels", json=asked).raise_for_status().json()["id"]
    url = f"{server.replace('http', 'ws', 1)}api/kernels/{kernel}/channels"
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": "execute_request",
        "username": "",
        "session": "t",
        "version": "5.3",
    }
    content = {"code": code, "silent": False, "store_history": False}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    token = {"Authorization": client.headers["Authorization"]}
    with connect(url, additional_headers=token, max_size=None) as socket:
        socket.send(json.dumps(message))
        while True:
            got = json.loads(socket.recv(timeout=seconds))
            if got["header"]["msg_type"] == "execute_reply" and got["parent_header"]["msg_id"] == header["msg_id"]:
                return dict(got["content"])
