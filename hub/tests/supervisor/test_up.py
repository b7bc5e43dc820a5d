"""The life of `deita up`: refusals, healing after kill -9 of each part, and nothing left behind."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from deita_hub import isolation, settings

PARTS = {"hub": "deita_hub.app", "proxy": "configurable-http-proxy", "control-plane": "deita_hub.service"}
Until = Callable[..., Any]
FORCED = isolation.resolve(settings.load({})).sandbox


@pytest.fixture(scope="module")
def running(alone: Any, until: Until) -> Iterator[Any]:
    """A Deita with one open workspace."""
    alone.start()
    alone.api_token = alone.token("me")
    with alone.client(alone.api_token) as client:
        client.post("/workspaces/start/start")
        until(lambda: client.get("/workspaces/start").json()["server"]["state"] == "ready", 60, "ready")
    yield alone


def server_process(deita: Any) -> Any:
    return next(each for each in deita.processes() if each.environ().get("DEITA_WORKSPACE") == "start")


def data_plane(deita: Any) -> int:
    url = f"{deita.url}/user/me/start/deita/api/v1/health"
    headers = {"Authorization": f"Bearer {deita.api_token}"}
    try:
        return httpx.get(url, headers=headers, timeout=5, trust_env=False).status_code
    except httpx.HTTPError:
        return 0


def healthy(deita: Any) -> bool:
    try:
        with deita.client() as client:
            return client.get("/health").status_code == 200
    except httpx.HTTPError:
        return False


def test_it_says_one_line_on_stdout_and_where_it_is(running: Any) -> None:
    assert running.line.startswith(f"Deita is ready at {running.url}/hub/sign-in?token=")
    state = json.loads((running.home / "up.json").read_text())
    assert state == {
        "pid": running.process.pid,
        "url": running.url,
        "local": running.url,
        "trust_everyone": False,
        "sandbox": FORCED,
        "sandbox_network": "shared",
        "spawner": "local",
    }


def test_a_second_up_on_the_same_home_is_refused(running: Any) -> None:
    refused = running.cli("up", "--port", str(running.port + 1), check=False)
    assert refused.returncode == 1
    assert "already runs on this DEITA_HOME" in refused.stderr
    assert healthy(running)


@pytest.mark.parametrize("part", list(PARTS))
def test_a_killed_part_is_started_again_and_the_server_goes_on(running: Any, part: str, until: Until) -> None:
    victim, server = running.child(PARTS[part]), server_process(running).pid
    victim.kill()
    until(lambda: not victim.is_running() or victim.status() == "zombie", 5, "killed")
    until(lambda: healthy(running), 30, f"healed after the {part} was killed")
    until(lambda: data_plane(running) == 200, 15, "the data plane answers")
    assert running.child(PARTS[part]).pid != victim.pid
    assert server_process(running).pid == server
    with running.client(running.api_token) as client:
        assert client.get("/workspaces/start").json()["server"]["state"] == "ready"


def test_a_killed_server_is_noticed_and_can_be_started_again(running: Any, until: Until) -> None:
    server_process(running).kill()
    with running.client(running.api_token) as client:
        until(lambda: data_plane(running) == 503, 10, "503")
        client.post("/workspaces/start/start")
        until(lambda: client.get("/workspaces/start").json()["server"]["state"] == "ready", 60, "ready again")
    until(lambda: data_plane(running) == 200, 10, "the data plane answers")


def test_sigterm_stops_everything_and_exits_0(running: Any, until: Until) -> None:
    assert len(running.processes()) >= 5
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(12) == 0
    until(lambda: not running.processes(), 5, "nothing is left")
    assert not (running.home / "up.json").exists()
    assert running.process.stdout.read() == ""
    running.process.stdout.close()


def test_a_second_start_has_everything_back(running: Any) -> None:
    running.start()
    with running.client(running.api_token) as client:
        workspace = client.get("/workspaces/start").json()
    assert (workspace["name"], workspace["server"]["state"]) == ("My workspace", "stopped")


def test_ctrl_c_stops_it_too(running: Any, until: Until) -> None:
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(12) == 0
    running.process.stdout.close()
    until(lambda: not running.processes(), 5, "nothing is left")


def test_after_kill_9_nothing_is_left_and_the_next_start_works(running: Any, until: Until) -> None:
    running.start()
    with running.client(running.api_token) as client:
        client.post("/workspaces/start/start")
        until(lambda: client.get("/workspaces/start").json()["server"]["state"] == "ready", 60, "ready")
    running.process.kill()
    running.process.wait()
    running.process.stdout.close()
    until(lambda: not running.processes(), 30, "nothing is left after kill -9")
    running.start()
    with running.client(running.api_token) as client:
        assert client.get("/workspaces/start").json()["name"] == "My workspace"
    assert running.stop() == 0


def test_a_port_in_use_is_said_before_anything_starts(alone: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = alone.cli("up", "--port", str(port), check=False)
    assert refused.returncode == 1
    assert f"Port {port} cannot be used" in refused.stderr
    assert "Starting" not in refused.stderr


def test_a_start_waits_for_leftovers_of_an_earlier_run(alone: Any, until: Until) -> None:
    holder = subprocess.Popen(["flock", "--shared", str(alone.home / "lifeline.lock"), "cat"], stdin=subprocess.PIPE)
    starting = subprocess.Popen(
        [alone.cli("version").args[0], "up"],
        env=alone.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert starting.stderr is not None and starting.stdout is not None
    assert "Waiting for the processes of an earlier run" in starting.stderr.readline()
    holder.communicate()
    assert "Deita is ready" in starting.stdout.readline()
    starting.send_signal(signal.SIGTERM)
    starting.communicate(timeout=15)
    assert starting.returncode == 0
