"""Connecting from outside, through a real `deita up`: hub, proxy, control plane, a server that is started on demand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import deita
import pytest
from deita import dbapi
from deita.http import Transport

from kernels.conftest import eventually, free_port

COMMAND = str(Path(sys.prefix, "bin", "deita"))


@dataclass(frozen=True)
class Installation:
    """A running Deita and a token of its owner."""

    url: str
    token: str

    @property
    def control_plane(self) -> Transport:
        return Transport(f"{self.url}/services/deita/api/v1", self.token)

    def new_workspace(self, name: str) -> str:
        return str(self.control_plane.send("POST", "workspaces", json_body={"name": name})["slug"])


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="deita-up-") as home:
        port = free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("DEITA_", "JUPYTER"))}
        environment |= {"DEITA_HOME": home, "DEITA_PORT": str(port)}
        log = Path(home, "up.log")
        with log.open("wb") as output:
            process = subprocess.Popen([COMMAND, "up"], cwd=home, env=environment, stdout=output, stderr=output)

        def ready() -> bool:
            assert process.poll() is None, log.read_text()
            return "Deita is ready" in log.read_text()

        try:
            eventually(ready, "Deita", 90)
            said = subprocess.run(
                [COMMAND, "token", "me"], cwd=home, env=environment, capture_output=True, text=True, check=True
            )
            yield Installation(f"http://127.0.0.1:{port}", said.stdout.split()[-1])
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            finally:
                process.kill()


def test_connecting_starts_the_workspaces_server_and_says_how_far_it_is(installation: Installation) -> None:
    slug = installation.new_workspace("Elsewhere")
    steps: list[tuple[str, float]] = []
    ws = deita.connect(
        installation.url,
        token=installation.token,
        workspace=slug,
        progress=lambda what, share: steps.append((what, share)),
    )
    assert ws.sql("SELECT 42 AS answer").fetchall() == [(42,)]
    assert steps and all(0 <= share <= 1 for _, share in steps)
    again = deita.connect(installation.url, token=installation.token, workspace=slug)
    assert again.sql("SELECT 1").row_count == 1


def test_the_driver_connects_from_outside_too(installation: Installation) -> None:
    slug = installation.new_workspace("By driver")
    with dbapi.connect(hub_url=installation.url, token=installation.token, workspace=slug) as connection:
        assert connection.cursor().execute("SELECT range FROM range(3)").fetchall() == [(0,), (1,), (2,)]
    with pytest.raises(dbapi.InterfaceError):
        dbapi.connect(hub_url=installation.url)


def test_a_workspace_that_is_not_there_and_a_wrong_token_are_told(installation: Installation) -> None:
    with pytest.raises(deita.DeitaError) as caught:
        deita.connect(installation.url, token=installation.token, workspace="nowhere")
    assert caught.value.status == 404
    with pytest.raises(deita.DeitaError) as caught:
        deita.connect(installation.url, token="wrong", workspace="start")
    assert caught.value.status in (401, 403)


def test_patience_has_an_end(installation: Installation) -> None:
    slug = installation.new_workspace("Slow")
    with pytest.raises(deita.DeitaError) as caught:
        deita.connect(installation.url, token=installation.token, workspace=slug, timeout_s=0)
    assert caught.value.code == "start_timeout"
