"""A real server whose contents are the workspace's, and what JupyterLab sends to it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from ..workspace_server import RunningServer, Starter

MANAGER = "--ServerApp.contents_manager_class=deita_server.contents.manager.WorkspaceContents"


class Lab:
    """A server, asked as JupyterLab asks. Paths are those of the contents API."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server

    @property
    def notebooks(self) -> Path:
        return self.server.folder

    @property
    def base(self) -> str:
        return self.server.url.removesuffix("deita/api/v1")

    def ask(self, method: str, path: str, body: Any = None, **params: Any) -> httpx.Response:
        return self.server.api.request(method, f"{self.base}api/contents/{path}", json=body, params=params)

    def model(self, path: str, **params: Any) -> dict[str, Any]:
        answer = self.ask("GET", path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def names(self, path: str) -> list[str]:
        return [entry["name"] for entry in self.model(path)["content"]]

    def upload(self, path: str, content: bytes, chunk: int | None = None) -> httpx.Response:
        encoded = base64.b64encode(content).decode()
        body = {"type": "file", "format": "base64", "name": path.rsplit("/", 1)[-1], "content": encoded}
        return self.ask("PUT", path, body if chunk is None else {**body, "chunk": chunk})

    def stored(self, name: str) -> dict[str, Any]:
        answer = self.server.api.get(f"/files/{name}/meta")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def under_way(self) -> list[str]:
        """What lies where uploads grow, in any server's folder."""
        incoming = self.server.storage / "incoming"
        return [path.name for path in incoming.glob("*/*") if path.name != "lock"]


def message(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["message"]


StartLab = Callable[..., Lab]


@pytest.fixture(scope="session")
def start_lab(start_server: Starter) -> StartLab:
    """Starts a server of its own."""

    def start(*arguments: str, **options: Any) -> Lab:
        settings = (f"--WorkspaceContents.{argument}" for argument in arguments)
        return Lab(start_server(MANAGER, *settings, **options))

    return start


@pytest.fixture(scope="session")
def lab(start_lab: StartLab) -> Lab:
    """One server that tests share: they use names of their own in it."""
    return start_lab()
