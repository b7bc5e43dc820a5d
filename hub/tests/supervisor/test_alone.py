"""Hub, control plane and proxy as three programs, each at an address of its own, as containers run them."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from deita_hub import settings
from deita_hub.settings import SettingsError
from deita_hub.supervisor import alone

from ..conftest import API, BIN, free_port

HUB, CONTROL_PLANE, PROXY = "127.0.0.2", "127.0.0.3", "127.0.0.4"


class Programs:
    """An installation and those of its programs that run."""

    def __init__(self, home: Path) -> None:
        self._running = dict[str, subprocess.Popen[bytes]]()
        ports = [free_port() for _ in range(4)]
        self.log = home.parent / "programs.log"
        names = ("DEITA_PORT", "DEITA_HUB_PORT", "DEITA_PROXY_API_PORT", "DEITA_SERVICE_PORT")
        self.environment = {
            **psutil.Process().environ(),
            **dict(zip(names, map(str, ports), strict=True)),
            "DEITA_HOME": str(home),
            "DEITA_SAMPLES": "0",
            "DEITA_HUB_ADDRESS": HUB,
            "DEITA_CONTROL_PLANE_ADDRESS": CONTROL_PLANE,
            "DEITA_PROXY_ADDRESS": PROXY,
            "DEITA_PROXY_LISTEN": PROXY,
        }
        self.url = f"http://{PROXY}:{ports[0]}"

    def start(self, name: str, listen: str) -> None:
        environment = {**self.environment, "DEITA_LISTEN": listen}
        with self.log.open("ab") as log:
            self._running[name] = subprocess.Popen(
                [BIN / "deita", "run", name], env=environment, stdout=log, stderr=log
            )

    def end(self, name: str, how: signal.Signals) -> int:
        self._running[name].send_signal(how)
        return self._running.pop(name).wait(60)

    def end_all(self) -> dict[str, int]:
        return {name: self.end(name, signal.SIGTERM) for name in list(self._running)}

    def cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BIN / "deita", *words], env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )

    def healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}{API}/health", timeout=10, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    started = Programs(tmp_path / "home")
    yield started
    started.end_all()


def test_three_programs_at_three_addresses_are_one_deita(programs: Programs, until: Callable[..., Any]) -> None:
    for name, listen in (("control-plane", CONTROL_PLANE), ("hub", HUB), ("proxy", PROXY)):
        programs.start(name, listen)
    until(programs.healthy, 120, "health of all three")
    until(lambda: programs.cli("token", "me").returncode == 0, 60, "the command line finds the hub")
    state = json.loads((Path(programs.environment["DEITA_HOME"]) / "up.json").read_text())
    assert state["local"] == programs.url

    token = programs.cli("token", "me").stdout.split()[-1]
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False) as me:
        me.post(f"{programs.url}{API}/workspaces", json={"name": "Cities", "slug": "cities"}).raise_for_status()
        assert answer(me, programs.url, until) == [[42]]
        programs.end("hub", signal.SIGKILL)
        assert me.get(f"{programs.url}{API}/health").status_code == 503  # the control plane says what is away
        assert "hub" in me.get(f"{programs.url}{API}/health").text
        programs.start("hub", HUB)
        until(programs.healthy, 120, "health with a new hub")
        assert answer(me, programs.url, until) == [[42]]
        programs.end("proxy", signal.SIGKILL)
        programs.start("proxy", PROXY)
        until(programs.healthy, 120, "health with a new proxy")
    refused = programs.cli("up")
    assert refused.returncode == 1 and "already runs on this DEITA_HOME" in refused.stderr
    assert set(programs.end_all()) == {"control-plane", "hub", "proxy"}  # none had to be killed


def answer(me: httpx.Client, url: str, until: Callable[..., Any]) -> Any:
    """What the workspace's server says, which is started if need be."""
    me.post(f"{url}{API}/workspaces/cities/start").raise_for_status()

    def ready() -> str | None:
        server = me.get(f"{url}{API}/workspaces/cities").raise_for_status().json()["server"]
        assert server["state"] != "failed", server
        return str(server["api"]) if server["state"] == "ready" else None

    api = until(ready, 120, "the server")
    asked = me.post(f"{api}/queries", json={"sql": "select 6 * 7", "wait_ms": 20000})
    return asked.raise_for_status().json()["rows"]


def test_ports_are_fixed_where_programs_have_to_find_each_other(tmp_path: Path) -> None:
    given = {"DEITA_HOME": str(tmp_path / "home"), "DEITA_SANDBOX": "none", "DEITA_SERVICE_PORT": "9000"}
    ports = alone.prepared("control-plane", settings.load(given)).ports
    assert (ports.hub, ports.proxy_api, ports.service, ports.public) == (8081, 8001, 9000, 8000)


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("egress", {}, "DEITA_EGRESS_ALLOW"),
        ("hub", {"DEITA_SUPERVISED": "1"}, "DEITA_SUPERVISED"),
        ("hub", {"DEITA_PROFILE": "production", "DEITA_SANDBOX": "none"}, "DEITA_SUBDOMAIN_HOST"),
    ],
)
def test_what_cannot_run_is_said(tmp_path: Path, name: str, more: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        alone.prepared(name, settings.load({"DEITA_HOME": str(tmp_path), **more}))


def test_servers_find_each_program_at_its_name_and_children_of_deita_up_here() -> None:
    names = {
        "DEITA_HUB_ADDRESS": "hub",
        "DEITA_CONTROL_PLANE_ADDRESS": "control-plane",
        "DEITA_PROXY_ADDRESS": "proxy",
        "DEITA_EGRESS_ADDRESS": "egress",
        "DEITA_EGRESS_ALLOW": "packages.example.org:443",
        "DEITA_HUB_PORT": "8081",
        "DEITA_SERVICE_PORT": "8082",
        "DEITA_EGRESS_PORT": "8083",
        "DEITA_PROXY_API_PORT": "8001",
    }
    apart = settings.load(names)
    assert (apart.hub_url, apart.service_url) == ("http://hub:8081", "http://control-plane:8082")
    assert (apart.proxy_api_url, apart.origins.local) == ("http://proxy:8001", "http://proxy:8000")
    together = settings.load({**names, "DEITA_SUPERVISED": "1"})
    assert (together.hub_url, together.proxy_api_url) == ("http://127.0.0.1:8081", "http://127.0.0.1:8001")
    for found in (apart, settings.load(apart.environment()), together):
        assert found.hub_url_for_servers == "http://hub:8081"
        assert found.control_plane_url_for_servers == f"http://control-plane:8082{API}"
        assert found.egress_url_for_servers == "http://egress:8083"
