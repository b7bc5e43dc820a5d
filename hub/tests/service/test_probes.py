"""Liveness, readiness and figures of a running Deita, as Prometheus reads them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as families

HOME = "/services/deita"


@pytest.fixture(scope="module")
def watcher(deita: Any) -> Any:
    token = (deita.home / "secrets" / "metrics_token").read_text()
    with httpx.Client(
        base_url=deita.url, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False
    ) as client:
        yield client


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    found = [each for family in families(text) for each in family.samples]
    return {(each.name, tuple(sorted(each.labels.items()))): each.value for each in found}


def test_who_watches_needs_no_token_to_ask_whether_it_lives_and_can_work(deita: Any) -> None:
    with httpx.Client(base_url=deita.url, timeout=30, trust_env=False) as anybody:
        assert anybody.get(f"{HOME}/livez").json() == {"status": "ok"}
        ready = anybody.get(f"{HOME}/readyz")
        assert ready.status_code == 200
        checks = ready.json()["checks"]
        assert set(checks) == {"hub", "proxy", "database", "storage"}
        assert all(check["ok"] and 0 <= check["ms"] < 3000 for check in checks.values())
        assert anybody.get("/hub/health").status_code == 200
        assert anybody.get("/hub/livez").json() == {"status": "ok"}
        assert set(anybody.get("/hub/readyz").json()["checks"]) == {"database", "proxy"}


def test_figures_are_for_who_has_their_token_and_this_opens_nothing_else(
    deita: Any, watcher: httpx.Client, tokens: dict[str, str]
) -> None:
    addresses = ["", "/targets", "/hub", "/proxy", "/servers/0123456789abcdef"]
    for authorization in ("", "Bearer wrong", f"Bearer {tokens['me']}"):
        headers = {"Authorization": authorization} if authorization else {}
        for address in addresses:
            refused = httpx.get(f"{deita.url}{HOME}/metrics{address}", headers=headers, trust_env=False)
            assert (refused.status_code, refused.json()["code"]) == (401, "not_signed_in"), address
    assert watcher.get(f"{HOME}/api/v1/me").status_code == 403
    assert watcher.get(f"{HOME}/api/v1/workspaces").status_code == 403
    assert watcher.get("/hub/api/users").status_code == 403
    assert watcher.post("/hub/api/users/me/tokens").status_code == 403


def test_the_control_plane_counts_by_route_and_never_by_path(
    deita: Any, watcher: httpx.Client, me: httpx.Client
) -> None:
    before = samples(watcher.get(f"{HOME}/metrics").text)
    slug = me.post("/workspaces", json={"name": "Counted"}).json()["slug"]
    assert me.get(f"/workspaces/{slug}").status_code == 200
    assert me.get("/nothing/of/this/kind").status_code == 404
    assert me.delete(f"/workspaces/{slug}").status_code == 204
    answer = watcher.get(f"{HOME}/metrics")
    after = samples(answer.text)

    def grew(name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return after[key] - before.get(key, 0.0)

    assert grew("deita_workspaces_created_total") == grew("deita_workspaces_deleted_total") == 1
    made = grew("deita_request_seconds_count", method="POST", route="/workspaces", status="201")
    read = grew("deita_request_seconds_count", method="GET", route="/workspaces/{slug}", status="200")
    assert made == 1 and read >= 1
    assert grew("deita_request_seconds_count", method="GET", route="none", status="404") == 1
    assert after["deita_part_ready", (("part", "database"),)] == 1
    assert after["deita_backup_timestamp_seconds", ()] == 0
    assert after["deita_disk_free_bytes", (("place", "storage"),)] > 0
    assert slug not in answer.text and "nothing/of" not in answer.text

    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    found = watcher.get(f"{HOME}/metrics", headers=accept)
    assert found.headers["Content-Type"].startswith("application/openmetrics-text")
    assert {family.name for family in openmetrics(found.text)} >= {"deita_request_seconds", "deita_workspaces_created"}


def test_one_address_leads_to_the_figures_of_every_process(deita: Any, watcher: httpx.Client) -> None:
    targets = watcher.get(f"{HOME}/metrics/targets").json()
    found = {each["labels"]["instance"]: each for each in targets}
    assert {"control-plane", "hub", "proxy"} <= set(found)
    assert all(each["targets"] == [f"127.0.0.1:{deita.port}"] for each in targets)
    read = {name: watcher.get(found[name]["labels"]["__metrics_path__"]) for name in ("control-plane", "hub", "proxy")}
    assert all(answer.status_code == 200 for answer in read.values())
    hub = samples(read["hub"].text)
    failures = "jupyterhub_login_duration_seconds_count", (("status", "LoginStatus.failure"),)
    assert httpx.get(f"{deita.url}/hub/sign-in?token={'wrong' * 6}", trust_env=False).status_code == 403
    assert samples(watcher.get("/hub/metrics").text)[failures] == hub[failures] + 1
    assert any(name == "jupyterhub_server_spawn_duration_seconds_count" for name, _ in hub)
    assert any(name.startswith("requests_web") for name, _ in samples(read["proxy"].text))


def test_a_running_server_is_one_of_them_and_reading_it_is_no_sign_of_life(
    deita: Any, watcher: httpx.Client, me: httpx.Client, open_server: Any
) -> None:
    slug = me.post("/workspaces", json={"name": "Watched"}).json()["slug"]
    opened = open_server(slug)
    ids = [each["labels"] for each in watcher.get(f"{HOME}/metrics/targets").json()]
    servers = [each["__metrics_path__"] for each in ids if each["process"] == "workspace"]
    before = me.get(f"/workspaces/{slug}").json()["last_used_at"]
    found = [samples(watcher.get(address).text) for address in servers]
    assert any(("deita_engine_restarts_total", ()) in each for each in found)
    assert all("me" not in label.values() and slug not in str(label) for label in ids)
    assert me.get(f"/workspaces/{slug}").json()["last_used_at"] == before
    assert watcher.get(opened["server"]["api"] + "/tables").status_code == 403
    missing = watcher.get(f"{HOME}/metrics/servers/0123456789abcdef")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    me.post(f"/workspaces/{slug}/stop")
