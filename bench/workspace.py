"""One fresh Deita with one open workspace, to be filled and measured."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import urllib3

from bench.running import Deita, running
from bench.server import direct_api, server_process, workspace_folder

SLUG = "bench"


@dataclass(frozen=True)
class Workspace:
    """An open workspace; `api` is its data plane through the proxy, `folder` a temporary folder beside its home."""

    deita: Deita
    client: httpx.Client
    api: str
    folder: Path

    @property
    def direct(self) -> str:
        """The data plane's address at the server's own socket."""
        return direct_api(server_process(self.deita, SLUG))

    def write(self, sql: str) -> None:
        """Runs a statement that changes tables."""
        body = {"sql": sql, "mode": "write", "wait_ms": 60_000}
        answer = self.client.post(f"{self.api}/queries", json=body, timeout=120).raise_for_status().json()
        while answer["state"] in ("queued", "running"):
            answer = self.client.get(
                f"{self.api}/queries/{answer['id']}", params={"wait_ms": 60_000}, timeout=120
            ).json()
        if answer["state"] != "done":
            raise RuntimeError(answer)

    def add(self, file: Path, table: str) -> None:
        """Uploads a file and imports it."""
        with file.open("rb") as body:
            self.client.put(f"{self.api}/files/{file.name}", content=body, timeout=600).raise_for_status()
        state = self.client.post(f"{self.api}/imports", json={"file": file.name, "table": table}).json()
        while state["state"] in ("queued", "sniffing", "running"):
            state = self.client.get(f"{self.api}/imports/{state['id']}", params={"wait_ms": 5000}).json()
        if state["state"] != "done":
            raise RuntimeError(state)

    def parquet(self, table: str) -> list[str]:
        """The Parquet files of a table that was written once."""
        lake = workspace_folder(server_process(self.deita, SLUG)) / "lake"
        return [str(file) for file in lake.rglob("*.parquet") if file.parent.name == table]

    def connection(self) -> Connection:
        """A kept-alive connection through the proxy."""
        return Connection(self.api, self.deita.token())


class Connection:
    """Runs statements over one kept-alive connection."""

    def __init__(self, api: str, token: str) -> None:
        self.api = api
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.pool = urllib3.PoolManager(maxsize=1, headers=headers)

    def query(self, sql: str, **more: Any) -> dict[str, Any]:
        """The answer to a statement that is done; RuntimeError otherwise."""
        body = json.dumps({"sql": sql, "wait_ms": 600_000, "cache": False, **more})
        answer: dict[str, Any] = self.pool.request("POST", f"{self.api}/queries", body=body, timeout=660).json()
        if answer.get("state") != "done":
            raise RuntimeError(answer)
        return answer

    def result(self, sql: str, format: str) -> bytes:
        """The whole result of a statement in a format."""
        body = json.dumps({"sql": sql, "wait_ms": 0, "cache": False})
        started = self.pool.request("POST", f"{self.api}/queries", body=body).json()
        url = f"{self.api}/queries/{started['id']}/results?format={format}"
        return bytes(self.pool.request("GET", url, timeout=660).data)


@contextlib.contextmanager
def workspace() -> Iterator[Workspace]:
    """A workspace of its own, gone at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="deita-bench-") as name,
        running(Path(name) / "home") as deita,
        deita.client() as client,
    ):
        client.post(f"{deita.control}/workspaces", json={"name": SLUG}).raise_for_status()
        yield Workspace(deita, client, deita.open(client, SLUG), Path(name))
