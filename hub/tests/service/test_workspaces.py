"""Workspaces by REST, against a running Deita."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

FIELDS = {
    "id",
    "slug",
    "name",
    "description",
    "role",
    "visibility",
    "created_at",
    "last_used_at",
    "usage",
    "quota",
    "server",
}


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (status, code)
    assert set(body) == {"code", "message", "hint", "details", "request_id"}
    assert answer.headers["x-request-id"] == body["request_id"]
    return body


def test_a_created_workspace_has_the_shape_of_the_contract(me: httpx.Client, deita: Any) -> None:
    answer = me.post("/workspaces", json={"name": "Café Überblick", "description": "What is sold"})
    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"].endswith("/workspaces/cafe-uberblick")
    assert set(body) == FIELDS
    assert (body["slug"], body["name"], body["role"]) == ("cafe-uberblick", "Café Überblick", "owner")
    base = f"{deita.url}/user/me/cafe-uberblick"
    assert body["server"] == {
        "state": "stopped",
        "url": f"{base}/apps/explore",
        "api": f"{base}/deita/api/v1",
        "progress": 0.0,
        "message": None,
    }
    assert body["quota"] == {"bytes": 10**12}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", body["created_at"])
    assert me.get("/workspaces/cafe-uberblick").json() == body


def test_the_slug_stays_when_the_name_changes(me: httpx.Client) -> None:
    me.post("/workspaces", json={"name": "Before", "slug": "stays"})
    changed = me.patch("/workspaces/stays", json={"name": "After", "description": "d"}).json()
    assert (changed["slug"], changed["name"], changed["description"]) == ("stays", "After", "d")
    assert me.patch("/workspaces/stays", json={"description": "e"}).json()["name"] == "After"


def test_a_taken_slug_is_a_409(me: httpx.Client) -> None:
    me.post("/workspaces", json={"name": "One", "slug": "taken"})
    assert_problem(me.post("/workspaces", json={"name": "Two", "slug": "taken"}), 409, "slug_taken")


@pytest.mark.parametrize("slug", ["Upper", "-a", "a-", "a--b", "a" * 31, "1a", "a b", "ä", ""])
def test_a_bad_slug_is_refused(me: httpx.Client, slug: str) -> None:
    assert_problem(me.post("/workspaces", json={"name": "Bad", "slug": slug}), 400, "name_refused")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "validation"),
        ({"name": ""}, "validation"),
        ({"name": "   "}, "name_refused"),
        ({"name": "a\u202eb"}, "name_refused"),
        ({"name": "x", "sulg": "typo"}, "validation"),
        ({"name": 5}, "validation"),
        (["name"], "validation"),
    ],
)
def test_a_bad_body_is_a_400_in_the_one_shape(me: httpx.Client, body: Any, code: str) -> None:
    assert_problem(me.post("/workspaces", json=body), 400, code)


def test_what_is_no_json_is_a_400(me: httpx.Client) -> None:
    answer = me.post("/workspaces", content=b"{", headers={"Content-Type": "application/json"})
    assert_problem(answer, 400, "validation")


def test_unknown_addresses_and_methods_have_the_one_shape_too(me: httpx.Client) -> None:
    assert_problem(me.get("/nothing"), 404, "not_found")
    assert_problem(me.get("/workspaces/nothing-here"), 404, "not_found")
    assert_problem(me.delete("/workspaces"), 405, "method_not_allowed")


def test_a_given_request_id_comes_back(me: httpx.Client) -> None:
    assert me.get("/me", headers={"X-Request-Id": "my-own-request"}).headers["x-request-id"] == "my-own-request"
    assert me.get("/me", headers={"X-Request-Id": "<script>"}).headers["x-request-id"] != "<script>"


def test_lists_go_on_by_cursor(me: httpx.Client) -> None:
    for number in range(3):
        me.post("/workspaces", json={"name": f"Page {number}"})
    seen, cursor = [], ""
    while cursor is not None:
        page = me.get("/workspaces", params={"cursor": cursor, "limit": 2}).json()
        assert len(page["items"]) <= 2
        seen.extend(each["slug"] for each in page["items"])
        cursor = page["next"]
    assert len(seen) == len(set(seen))
    assert {"page-0", "page-1", "page-2", "start"} <= set(seen)
    assert_problem(me.get("/workspaces", params={"cursor": "'; --"}), 400, "validation")
    assert_problem(me.get("/workspaces", params={"limit": 0}), 400, "validation")


def test_a_retried_post_with_the_same_key_has_one_effect(me: httpx.Client) -> None:
    key = {"Idempotency-Key": "retry-1"}
    first = me.post("/workspaces", json={"name": "Once"}, headers=key)
    again = me.post("/workspaces", json={"name": "Once"}, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    answer = me.post("/workspaces", json={"name": "Other"}, headers=key)
    assert_problem(answer, 409, "idempotency_key_reused")


def test_a_server_starts_and_stops_and_asking_twice_is_fine(
    me: httpx.Client, open_server: Callable[[str], dict[str, Any]], until: Callable[..., Any], tokens: dict[str, str]
) -> None:
    me.post("/workspaces", json={"name": "Runs"})
    server = open_server("runs")["server"]
    assert server["progress"] == 1.0
    assert me.post("/workspaces/runs/start").json()["server"]["state"] == "ready"
    health = httpx.get(f"{server['api']}/health", headers={"Authorization": f"Bearer {tokens['me']}"}, trust_env=False)
    assert health.status_code == 200
    assert me.post("/workspaces/runs/stop").status_code == 202
    until(lambda: me.get("/workspaces/runs").json()["server"]["state"] == "stopped", 20, "stopped")
    assert me.post("/workspaces/runs/stop").status_code == 202
    assert me.get("/workspaces/runs").json()["last_used_at"] is not None


def test_a_start_right_after_a_stop_waits_for_the_stop(
    me: httpx.Client, open_server: Callable[[str], dict[str, Any]]
) -> None:
    me.post("/workspaces", json={"name": "Again"})
    open_server("again")
    me.post("/workspaces/again/stop")
    assert open_server("again")["server"]["state"] == "ready"


def test_a_server_that_does_not_start_is_failed_until_it_does(
    me: httpx.Client, deita: Any, until: Callable[..., Any]
) -> None:
    me.post("/workspaces", json={"name": "Broken", "slug": "broken"})
    me.post("/workspaces/broken/start")
    until(lambda: me.get("/workspaces/broken").json()["server"]["state"] == "failed", 20, "failed")
    message = me.get("/workspaces/broken").json()["server"]["message"]
    assert "exit code 3" in message
    assert str(deita.home) not in message


def test_a_deleted_workspace_can_be_had_back(
    me: httpx.Client, deita: Any, open_server: Callable[[str], dict[str, Any]]
) -> None:
    made = me.post("/workspaces", json={"name": "Undo me", "slug": "undo"}).json()
    open_server("undo")
    folder = deita.home / "storage" / made["id"]
    assert folder.is_dir()
    assert me.delete("/workspaces/undo").status_code == 204
    assert not folder.exists()
    assert len(list((deita.home / "storage" / ".trash").glob(f"{made['id']}-*"))) == 1
    assert_problem(me.get("/workspaces/undo"), 404, "not_found")
    assert_problem(me.post("/workspaces/undo/start"), 404, "not_found")
    assert_problem(me.delete("/workspaces/undo"), 404, "not_found")
    assert_problem(me.post("/workspaces", json={"name": "New", "slug": "undo"}), 409, "slug_taken")
    back = me.post("/workspaces/undo/restore")
    assert (back.status_code, back.json()["id"]) == (200, made["id"])
    assert folder.is_dir()
    assert_problem(me.post("/workspaces/undo/restore"), 404, "not_found")


def test_the_first_workspace_comes_with_sample_tables(me: httpx.Client, deita: Any, until: Callable[..., Any]) -> None:
    until(lambda: "sample data loaded" in deita.log("control-plane.log"), 60, "sample data")
    api = me.get("/workspaces/start").json()["server"]["api"]
    tables = httpx.get(f"{api}/tables", headers=me.headers, trust_env=False).json()["items"]
    assert {(table["name"], table["rows"]) for table in tables} == {("products", 18), ("sales", 2000)}
