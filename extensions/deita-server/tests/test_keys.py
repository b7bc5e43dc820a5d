"""A key has one effect, also where the server that knew it was killed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .workspace_server import RunningServer, Starter

pytestmark = pytest.mark.backends
INSERT = "INSERT INTO written VALUES (1)"


def post(server: RunningServer, path: str, key: str, body: dict[str, Any]) -> httpx.Response:
    return server.api.post(path, json=body, headers={"Idempotency-Key": key})


def write(server: RunningServer, key: str, sql: str) -> httpx.Response:
    return post(server, "/queries", key, {"sql": sql, "mode": "write", "wait_ms": 30_000})


def again(server: RunningServer) -> None:
    server.kill()
    server.start()


def test_keys_hold_beyond_the_server_that_knew_them(start_server: Starter) -> None:
    server = start_server()
    server.query("CREATE TABLE written (a INTEGER)", mode="write").raise_for_status()
    first = write(server, "a", INSERT).json()
    assert (first["state"], first["wrote"]["inserted"]) == ("done", 1)
    server.put("rows.csv", b"a\n1\n2\n").raise_for_status()
    asked = {"file": "rows.csv", "table": "rows", "mode": "append"}
    started = post(server, "/imports", "b", asked).json()["id"]
    assert server.api.get(f"/imports/{started}", params={"wait_ms": 60_000}).json()["state"] == "done"
    saved = {"name": "Sales", "sql": "SELECT 1"}
    slug = post(server, "/saved-queries", "c", saved).json()["slug"]
    for sql in ("CREATE TABLE kept AS SELECT 1 AS a", "DELETE FROM kept"):
        server.query(sql, mode="write").raise_for_status()
    assert post(server, "/tables/kept/restore", "e", {"version": 1}).json()["version"] == 3
    server.api.patch(f"/saved-queries/{slug}", json={"sql": "SELECT 2"}).raise_for_status()
    assert post(server, f"/saved-queries/{slug}/restore", "f", {"version": 1}).json()["version"] == 3

    again(server)
    assert write(server, "a", INSERT).json()["id"] == first["id"]
    assert post(server, "/imports", "b", asked).json()["id"] == started
    repeated = post(server, "/saved-queries", "c", saved)
    assert (repeated.status_code, repeated.json()["slug"], repeated.json()["version"]) == (201, slug, 3)
    assert post(server, "/tables/kept/restore", "e", {"version": 1}).json()["version"] == 3
    assert post(server, f"/saved-queries/{slug}/restore", "f", {"version": 1}).json()["version"] == 3

    again(server)
    for answer in (
        write(server, "a", "DELETE FROM written"),
        post(server, "/imports", "b", {**asked, "mode": "replace"}),
        post(server, "/saved-queries", "d", saved),
        post(server, "/tables/kept/restore", "e", {"version": 2}),
    ):
        assert answer.status_code == 409, answer.text
    assert server.rows("SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM rows)") == [[1, 2]]


def test_a_key_holds_where_only_the_lake_knows_it(start_server: Starter) -> None:
    """A server may be killed between the commit and the line in the person's history."""
    server = start_server()
    server.query("CREATE TABLE written (a INTEGER)", mode="write").raise_for_status()
    first = write(server, "a", INSERT).json()["id"]
    server.kill()
    for file in (server.storage / "people" / "me").glob("history.sqlite*"):
        file.unlink()
    server.start()
    told = write(server, "a", INSERT).json()
    assert (told["id"], told["state"]) == (first, "done")
    assert (told["wrote"]["table"], told["wrote"]["version"]) == ("written", 2)
    assert server.query(INSERT, mode="write", id=first).status_code == 409
    assert server.rows("SELECT count(*) FROM written") == [[1]]


def test_the_same_key_of_another_person_is_another_key(start_server: Starter) -> None:
    ann = start_server(person="ann")
    bob = start_server(storage=ann.storage, person="bob")
    ann.query("CREATE TABLE written (a INTEGER)", mode="write").raise_for_status()
    assert {write(server, "a", INSERT).json()["state"] for server in (ann, bob)} == {"done"}
    assert ann.rows("SELECT count(*) FROM written") == [[2]]
