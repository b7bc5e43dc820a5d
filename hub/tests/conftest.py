"""A real Deita for the tests: `deita up` in a folder of its own, on a free port, with real servers."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

BIN = Path(sys.executable).parent
API = "/services/deita/api/v1"
FAILING_WORKSPACE = "broken"
SERVER_COMMAND = [
    "sh",
    "-c",
    f'[ "$DEITA_WORKSPACE" != {FAILING_WORKSPACE} ] || exit 3; exec {shlex.quote(sys.executable)} -P -m deita_server',
]


def wait_until(condition: Callable[[], Any], seconds: float = 30.0, what: str = "condition") -> Any:
    """Wait for the condition and return what it returned; fails with its name when it takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        threading.Event().wait(0.05)
    raise AssertionError(f"waited {seconds} s in vain: {what}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Deita:
    """One installation and, between `start` and `stop`, its `deita up`."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home, self.port = home, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        own = {
            "DEITA_HOME": str(home),
            "DEITA_PORT": str(self.port),
            "DEITA_SERVER_COMMAND": json.dumps(SERVER_COMMAND),
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DEITA_")}
        self.environment = {**kept, **own, **environment}
        self.process: subprocess.Popen[str] | None = None
        self.line = ""

    def start(self, *options: str) -> None:
        with (self.home.parent / f"{self.home.name}.stderr").open("a") as log:
            self.process = subprocess.Popen(
                [BIN / "deita", "up", *options], env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        assert self.line, "deita up ended before it was ready"

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    @property
    def link(self) -> str:
        return self.line.split()[-1]

    def cli(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BIN / "deita", *arguments], env=self.environment, capture_output=True, text=True, check=check, timeout=60
        )

    def token(self, person: str) -> str:
        return self.cli("token", person).stdout.split()[-1]

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url + API, headers=headers, timeout=30.0, trust_env=False)

    def processes(self) -> list[psutil.Process]:
        """Every process that belongs to this installation: its folder is in the environment or the command line."""
        mark, found = str(self.home), []
        for process in psutil.process_iter():
            try:
                belongs = mark in " ".join(process.environ().values()) or f"127.0.0.1:{self.port}" in process.cmdline()
                port = str(self.port) in process.cmdline()
                if (belongs or port) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def child(self, mark: str) -> psutil.Process:
        """The child of `deita up` whose command line holds the mark."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children()
        return next(each for each in children if any(mark in part for part in each.cmdline()))

    def log(self, name: str) -> str:
        path = self.home / "logs" / name
        return path.read_text(errors="replace") if path.exists() else ""


@pytest.fixture(scope="session")
def deita(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deita]:
    """A Deita that trusts everyone, shared by all tests that do not break it."""
    quota = str(10**12)
    installation = Deita(tmp_path_factory.mktemp("shared") / "home", DEITA_TRUST_EVERYONE="1", DEITA_QUOTA_BYTES=quota)
    installation.start()
    yield installation
    assert installation.stop() == 0


@pytest.fixture(scope="session")
def tokens(deita: Deita) -> dict[str, str]:
    """API tokens of the owner, of people who may be made members, and of a stranger."""
    return {name: deita.token(name) for name in ("me", "ana", "vic", "stranger")}


@pytest.fixture(scope="session")
def me(deita: Deita, tokens: dict[str, str]) -> Iterator[httpx.Client]:
    """The control plane as its owner sees it."""
    with deita.client(tokens["me"]) as client:
        yield client


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    """Waits for a condition."""
    return wait_until


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deita]:
    """A Deita for the tests of one module that break it; trusts nobody else, has no sample data, is not started."""
    installation = Deita(tmp_path_factory.mktemp("alone") / "home", DEITA_SAMPLES="0")
    yield installation
    if installation.process is not None and installation.process.poll() is None:
        installation.stop()


@pytest.fixture(scope="session")
def open_server(me: httpx.Client, until: Callable[..., Any]) -> Callable[[str], dict[str, Any]]:
    """Starts the owner's server in a workspace and waits until it is ready."""

    def run(slug: str, client: httpx.Client = me) -> dict[str, Any]:
        assert client.post(f"/workspaces/{slug}/start").status_code == 202

        def ready() -> dict[str, Any] | None:
            workspace: dict[str, Any] = client.get(f"/workspaces/{slug}").json()
            assert workspace["server"]["state"] in ("starting", "ready"), workspace["server"]
            return workspace if workspace["server"]["state"] == "ready" else None

        found: dict[str, Any] = until(ready, 60, f"server of {slug} is ready")
        return found

    return run
