"""Fixtures: a real server process of a workspace in a folder of its own, and an HTTP client for its data plane."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers.object_store import ObjectStore

TOKEN = "a-token-for-tests"
BASE = "/user/me/shop/deita/api/v1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningServer:
    """A server process; `api` is a client of its data plane that sends the token."""

    def __init__(
        self,
        folder: Path,
        storage: Path,
        environment: dict[str, str],
        arguments: tuple[str, ...],
        store: ObjectStore | None = None,
    ) -> None:
        self.folder, self.storage, self.store = folder, storage, store
        self.environment, self.arguments = environment, arguments
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "server.log"
        self.start()

    def start(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}{BASE}"
        self.login_url = f"http://127.0.0.1:{self.port}/user/me/shop/login?token={TOKEN}"
        self.api = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    str(Path(__file__).parent / "plain_server.py"),
                    str(self.port),
                    TOKEN,
                    *self.arguments,
                ],
                env=self.environment,
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        self.wait_until(self.answers)

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.api.get("/health").status_code == 200
        except httpx.TransportError:
            return False

    @staticmethod
    def wait_until(condition: Callable[[], Any], seconds: float = 60) -> Any:
        deadline = time.monotonic() + seconds
        while not (result := condition()):
            assert time.monotonic() < deadline, "the condition did not come true in time"
            time.sleep(0.01)  # a poll for the condition, not a guess at how long it takes
        return result

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.api.close()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        self.api.close()

    def engine_pid(self, role: str) -> int:
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        for child in " ".join(path.read_text() for path in children).split():
            command = Path(f"/proc/{child}/cmdline").read_text()
            if "deita_engine" in command and f'"role": "{role}"' in command:
                return int(child)
        raise AssertionError(f"no engine to {role} runs")

    def blobs(self) -> set[str]:
        """The hashes of all bytes that are kept, in the folder or in the bucket."""
        remote = self.environment["DEITA_STORAGE_URL"]
        if not remote.startswith("s3://"):
            return {path.name for path in (self.storage / "files").rglob("*") if path.is_file()}
        assert self.store is not None
        return {key.rsplit("/", 1)[-1] for key in self.store.keys(remote) if key.startswith("files/")}

    # short ways to what nearly every test does

    def put(self, name: str, content: bytes, **params: Any) -> httpx.Response:
        return self.api.put(f"/files/{name}", content=content, params=params)

    def query(self, sql: str, **body: Any) -> httpx.Response:
        return self.api.post("/queries", json={"sql": sql, "wait_ms": 30_000, **body})

    def rows(self, sql: str, **body: Any) -> list[list[Any]]:
        answer = self.query(sql, **body).json()
        assert answer.get("state") == "done", answer
        return answer["rows"]

    def import_file(self, file: str, **body: Any) -> dict[str, Any]:
        posted = self.api.post("/imports", json={"file": file, **body})
        assert posted.status_code == 202, posted.text
        return self.api.get(f"/imports/{posted.json()['id']}", params={"wait_ms": 60_000}).json()


Starter = Callable[..., RunningServer]


@pytest.fixture(scope="session")
def start_server(
    tmp_path_factory: pytest.TempPathFactory, backend: str, request: pytest.FixtureRequest
) -> Iterator[Starter]:
    """Starts servers, also several of one workspace, on the backend of the test; stops them at the end."""
    started: list[RunningServer] = []
    broker = request.getfixturevalue("broker") if backend == "production" else None
    store = request.getfixturevalue("object_store") if backend == "production" else None

    def production(storage: Path) -> dict[str, str]:
        if broker is None:
            return {}
        workspace = hashlib.sha256(str(storage).encode()).hexdigest()[:26]
        url = f"{broker.url}/{workspace}"
        return {
            "DEITA_DATABASE": "postgresql",
            "DEITA_STORAGE_URL": f"{broker.storage.objects.url}/{workspace}",
            "DEITA_LOCAL": str(storage),
            "DEITA_CONTROL_PLANE": url,
            "JUPYTERHUB_API_TOKEN": "for-the-broker",
        }

    def start(
        *arguments: str, storage: Path | None = None, person: str = "me", role: str = "owner", **extra: str
    ) -> RunningServer:
        folder = tmp_path_factory.mktemp(f"server-{uuid.uuid4().hex[:6]}")
        storage = storage or folder / "storage"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": "",
            "DEITA_WORKSPACE_ID": "w1",
            "DEITA_WORKSPACE": "shop",
            "DEITA_WORKSPACE_NAME": "Shop",
            "DEITA_PERSON": person,
            "DEITA_ROLE": role,
            "DEITA_STORAGE_URL": storage.as_uri(),
            "DEITA_ENGINE_MEMORY": str(1024**3),
            **production(storage),
            **extra,
        }
        server = RunningServer(folder, storage, environment, arguments, store)
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def workspace(start_server: Starter) -> RunningServer:
    """One server that tests share: they use names of their own in it."""
    return start_server()


@pytest.fixture(scope="session")
def api(workspace: RunningServer) -> httpx.Client:
    return workspace.api
