"""A whole Deita started as a person would start it, for benchmarks and end-to-end tests."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx

BIN = Path(sys.executable).parent
READY = re.compile(r"Deita is ready at (https?://\S+)")
T = TypeVar("T")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], T | None], seconds: float = 30, what: str = "the condition") -> T:
    """Waits for a condition to give something true; TimeoutError names what did not come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise TimeoutError(f"{what} did not come within {seconds} s")


class Deita:
    """One `deita up` with a folder and a port of its own."""

    def __init__(self, home: Path, port: int | None = None, **environment: str) -> None:
        self.home, self.port = home, port or free_port()
        self.hub = f"http://127.0.0.1:{self.port}"
        self.control = f"{self.hub}/services/deita/api/v1"
        self.environment = {**os.environ, "DEITA_HOME": str(home), "DEITA_PORT": str(self.port), **environment}
        self.command = [str(BIN / "deita")]
        self.process: subprocess.Popen[str] | None = None
        self.link = ""

    def start(self) -> float:
        """Starts it; returns the seconds until it said that it is ready."""
        begin = time.perf_counter()
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "up.stderr").open("a") as log:
            self.process = subprocess.Popen(
                [*self.command, "up"], env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := READY.search(line):
                self.link = found[1]
                return time.perf_counter() - begin
        raise RuntimeError(
            f"deita up ended with {self.process.wait()}: {(self.home / 'up.stderr').read_text()[-4000:]}"
        )

    def stop(self, how: signal.Signals = signal.SIGTERM, seconds: float = 40) -> int:
        """Stops it and waits; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(how)
        status = self.process.wait(seconds)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status

    def cli(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs the `deita` command line against this home."""
        return subprocess.run(
            [*self.command, *words], env=self.environment, capture_output=True, text=True, check=check, timeout=60
        )

    def token(self, person: str = "me") -> str:
        """An API token of a person."""
        return self.cli("token", person).stdout.split()[-1]

    def client(self, person: str = "me", **options: Any) -> httpx.Client:
        """An HTTP client that sends the person's token."""
        headers = {"Authorization": f"Bearer {self.token(person)}"}
        return httpx.Client(headers=headers, timeout=60, trust_env=False, **options)

    def open(self, client: httpx.Client, slug: str, seconds: float = 60) -> str:
        """Starts a workspace's server and waits until it is ready; returns its data plane's address."""
        client.post(f"{self.control}/workspaces/{slug}/start").raise_for_status()

        def ready() -> str | None:
            server = client.get(f"{self.control}/workspaces/{slug}").raise_for_status().json()["server"]
            if server["state"] == "failed":
                raise RuntimeError(f"the server of {slug} failed")
            return server["api"] if server["state"] == "ready" else None

        return until(ready, seconds, f"the server of {slug}")


@contextlib.contextmanager
def running(home: Path, **environment: str) -> Iterator[Deita]:
    """A started Deita that is stopped at the end."""
    deita = Deita(home, **environment)
    deita.start()
    try:
        yield deita
    finally:
        if deita.process and deita.process.poll() is None:
            deita.stop()
