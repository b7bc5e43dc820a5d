"""What whoever watches is told: liveness, readiness, figures."""

from __future__ import annotations

import os
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as families

from ...workspace_server import RunningServer, Starter

WATCHER = "a-token-for-figures"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(scope="module")
def server(start_server: Starter) -> RunningServer:
    return start_server(DEITA_METRICS_TOKEN=WATCHER)


@pytest.fixture(scope="module")
def watcher(server: RunningServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {WATCHER}"}, timeout=60) as client:
        yield client


def figures(client: httpx.Client) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    found = [each for family in families(answer.text) for each in family.samples]
    return {(each.name, tuple(sorted(each.labels.items()))): each.value for each in found}


def test_its_figures_count_what_happened_and_name_nothing(server: RunningServer, watcher: httpx.Client) -> None:
    before = figures(watcher)
    assert server.put("quite-secret.csv", b"a,b\n1,canary-cell\n").status_code == 201
    assert server.put("quite-secret.csv", b"a,b\n2,other\n").status_code == 409
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "3", "Upload-Metadata": "filename YS50eHQ="}
    begun = server.api.post(
        "/uploads", headers={**tus, "Content-Type": "application/offset+octet-stream"}, content=b"abc"
    )
    assert begun.status_code == 201, begun.text
    assert server.import_file("quite-secret.csv", table="hidden_table")["state"] == "done"
    assert server.rows("select b from hidden_table") == [["canary-cell"]]
    assert server.query("select error('x')").json()["state"] == "failed"
    assert server.api.get("/tables/none-of-this-name").status_code == 404
    assert server.api.request("GET", "/made/up/path").status_code == 404
    after = figures(watcher)

    def grew(name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return after[key] - before.get(key, 0.0)

    def requests(method: str, route: str, status: str) -> float:
        return grew("deita_request_seconds_count", method=method, route=route, status=status)

    assert requests("PUT", "/files/{name}", "201") == requests("PUT", "/files/{name}", "409") == 1
    assert requests("POST", "/queries", "200") == 2
    assert requests("GET", "/tables/{name}", "404") == requests("GET", "none", "404") == 1
    assert grew("deita_uploads_total", result="ok") == 2 and grew("deita_uploads_total", result="failed") == 1
    assert grew("deita_run_seconds_count", kind="import", state="done") == 1
    assert grew("deita_run_seconds_count", kind="read", state="done") == 1
    assert grew("deita_run_seconds_count", kind="read", state="failed") == 1
    assert after["deita_engine_up", ()] == 1
    os.kill(server.engine_pid("read"), 9)
    assert server.rows("select 2") == [[2]]
    assert figures(watcher)["deita_engine_restarts_total", ()] == after["deita_engine_restarts_total", ()] + 1

    answer = watcher.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert {family.name for family in openmetrics(answer.text)} >= {"deita_request_seconds", "deita_uploads"}
    for word in ("secret", "canary", "hidden", "none-of-this-name", "made/up", "select"):
        assert word not in answer.text


def test_anybody_may_ask_whether_it_lives_and_only_who_has_a_right_for_figures(
    start_server: Starter, server: RunningServer, watcher: httpx.Client
) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as anybody:
        assert anybody.get("/livez").json() == {"status": "ok"}
        checks = anybody.get("/readyz").json()["checks"]
        assert set(checks) == {"storage", "database"} and all(check["ok"] for check in checks.values())
        for authorization in ("", "Bearer", "Bearer wrong"):
            refused = anybody.get("/metrics", headers={"Authorization": authorization})
            assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
        assert anybody.post("/livez").status_code == 405
    assert watcher.get("/tables").status_code == watcher.get("/health").status_code == 401
    assert server.api.get("/metrics").status_code == 200
    viewers = start_server(storage=server.storage, person="vi", role="viewer", DEITA_METRICS_TOKEN="another")
    assert viewers.api.get("/metrics").json()["code"] == "forbidden"
    with httpx.Client(base_url=viewers.url, headers={"Authorization": "Bearer another"}, timeout=60) as other:
        assert figures(other)


def test_a_server_whose_folder_is_gone_lives_and_is_not_ready(start_server: Starter) -> None:
    server = start_server()
    assert server.rows("select 1") == [[1]]
    away = server.storage.rename(server.storage.with_name("away"))
    server.storage.write_text("no folder")
    try:
        RunningServer.wait_until(lambda: server.api.get("/readyz").status_code == 503)
        refused = server.api.get("/readyz").json()
        assert refused["code"] == "unhealthy" and "storage" in refused["details"]["failing"]
        assert server.api.get("/livez").status_code == 200
    finally:
        server.storage.unlink()
        away.rename(server.storage)
