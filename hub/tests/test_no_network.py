"""A server without a network: everything that people do works, also after the hub was restarted."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from deita_hub.sandbox import bubblewrap, probe

from hub.tests.test_egress import Hello
from tests.escape.kernel import execute

from .conftest import FAILING_WORKSPACE, Deita

obstacle = probe.obstacle(bubblewrap.NO_NETWORK)
pytestmark = pytest.mark.skipif(obstacle is not None, reason=f"no sandbox here: {obstacle}")


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deita]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hello) as outside:
        thread = threading.Thread(target=outside.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        allowed = {"DEITA_EGRESS_ALLOW": f"127.0.0.1:{outside.server_port}", "DEITA_SAMPLES": "0"}
        installation = Deita(tmp_path_factory.mktemp("offline") / "home", DEITA_SANDBOX_NETWORK="none", **allowed)
        installation.start()
        yield installation
        installation.stop()
        outside.shutdown()
        thread.join()


def ready(client: httpx.Client, slug: str) -> bool:
    server = client.get(f"/workspaces/{slug}").json()["server"]
    assert server["state"] in ("starting", "ready"), server
    return bool(server["state"] == "ready")


@pytest.fixture(scope="module")
def opened(offline: Deita, until: Any) -> Iterator[httpx.Client]:
    with offline.client(offline.token("me")) as client:
        client.post("/workspaces/start/start")
        until(lambda: ready(client, "start"), 60, "ready")
        yield client


@pytest.mark.parametrize("path", ["deita/api/v1/workspace", "apps/explore", "lab"])
def test_pages_and_api_answer(offline: Deita, opened: httpx.Client, path: str) -> None:
    url = f"{offline.url}/user/me/start/{path}"
    answer = httpx.get(url, headers=opened.headers, trust_env=False, timeout=60, follow_redirects=True)
    assert answer.status_code == 200


def test_people_are_known_again_after_the_hub_was_killed(offline: Deita, opened: httpx.Client, until: Any) -> None:
    victim, unseen = offline.child("deita_hub.app"), offline.token("me")
    api = f"{offline.url}/user/me/start/deita/api/v1/workspace"
    victim.kill()
    until(lambda: not victim.is_running() or victim.status() == "zombie", 10, "killed")
    away = httpx.get(api, headers={"Authorization": f"Bearer {unseen}"}, trust_env=False, timeout=30)
    assert (away.status_code, away.json()["code"]) == (503, "hub_unavailable"), away.text
    assert int(away.headers["Retry-After"]) > 0

    def answered() -> bool:
        try:
            headers = {"Authorization": f"Bearer {offline.token('me')}"}
            return httpx.get(api, headers=headers, trust_env=False, timeout=10).status_code == 200
        except Exception:  # noqa: BLE001 - the hub is away for a while: no answer, no token
            return False

    until(answered, 60, "a token that only the new hub knows is accepted")


def test_a_server_that_does_not_start_is_said(offline: Deita, opened: httpx.Client, until: Any) -> None:
    opened.post("/workspaces", json={"name": "Broken", "slug": FAILING_WORKSPACE})
    opened.post(f"/workspaces/{FAILING_WORKSPACE}/start")
    state = f"/workspaces/{FAILING_WORKSPACE}"
    until(lambda: opened.get(state).json()["server"]["state"] == "failed", 30, "failed")
    assert "exit code 3" in opened.get(state).text


THROUGH = """
import http.client, json, os, pathlib, urllib.parse
def through(address):
    proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
    connection = http.client.HTTPConnection(proxy.hostname, proxy.port, timeout=30)
    connection.set_tunnel(*address)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode()
    except OSError as error:
        return str(error)
    finally:
        connection.close()
pathlib.Path("told.json").write_text(json.dumps([through(each) for each in ADDRESSES]))
"""


def test_kernels_reach_outside_what_is_allowed_and_nothing_else(offline: Deita, opened: httpx.Client) -> None:
    allowed = offline.environment["DEITA_EGRESS_ALLOW"].rpartition(":")[2]
    addresses = [("127.0.0.1", int(allowed)), ("127.0.0.1", offline.port), ("169.254.169.254", 80)]
    reply = execute(opened, f"{offline.url}/user/me/start/", f"ADDRESSES = {addresses!r}\n{THROUGH}")
    assert reply["status"] == "ok", reply
    (found,) = offline.home.glob("storage/*/notebooks/told.json")
    told = json.loads(found.read_text())
    assert told[0] == "hello"
    assert [each.startswith("Tunnel connection failed: 403") for each in told[1:]] == [True, True], told


def test_it_stops_and_starts_again(offline: Deita, opened: httpx.Client, until: Any) -> None:
    offline.cli("workspace", "stop", "start")
    until(lambda: opened.get("/workspaces/start").json()["server"]["state"] == "stopped", 30, "stopped")
    opened.post("/workspaces/start/start")
    until(lambda: ready(opened, "start"), 60, "ready again")
