"""The broker as a workspace server meets it: its own token, its own workspace, and nobody else."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest


@pytest.fixture(scope="module")
def server_token(deita: Any, me: httpx.Client, open_server: Callable[[str], Any]) -> str:
    """The hub's token of a running workspace server, as its own process has it."""
    assert me.post("/workspaces", json={"name": "Brokered", "slug": "brokered"}).status_code == 201
    assert me.post("/workspaces", json={"name": "Beside", "slug": "beside"}).status_code == 201
    open_server("brokered")
    environments = (process.environ() for process in deita.processes())
    mine = next(found for found in environments if found.get("DEITA_WORKSPACE") == "brokered")
    assert mine["DEITA_CONTROL_PLANE"].startswith("http://127.0.0.1:")
    return mine["JUPYTERHUB_API_TOKEN"]


@pytest.fixture(scope="module")
def server(deita: Any, server_token: str) -> Iterator[httpx.Client]:
    """The control plane as the workspace server sees it."""
    with deita.client(server_token) as client:
        yield client


def audited(deita: Any, action: str) -> list[tuple[str, str]]:
    with sqlite3.connect(deita.home / "catalog.sqlite") as catalog:
        rows = catalog.execute("SELECT person, details FROM audit WHERE action = ?", [action]).fetchall()
    catalog.close()
    return rows


def test_a_server_gets_what_reaches_its_workspace(deita: Any, server: httpx.Client, me: httpx.Client) -> None:
    answer = server.post("/workspaces/brokered/credentials")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    workspace_id = me.get("/workspaces/brokered").json()["id"]
    storage, database = answer.json()["storage"], answer.json()["database"]
    assert storage["kind"] == "local"
    assert storage["url"] == (deita.home / "storage" / workspace_id).as_uri()
    assert (storage["access"], storage["expires_at"], storage["secret_access_key"]) == ("write", None, None)
    assert database == {"kind": "sqlite", "url": None, "schema": None, "lake_schema": None, "expires_at": None}
    assert ("me", '{"storage": "local", "database": "sqlite", "access": "write"}') in audited(
        deita, "credentials.issue"
    )


@pytest.mark.parametrize("slug", ["beside", "matrix", "nothing"])
def test_it_gets_nothing_of_another_workspace(deita: Any, server: httpx.Client, slug: str) -> None:
    answer = server.post(f"/workspaces/{slug}/credentials")
    assert (answer.status_code, answer.json()["code"]) == (403, "token_scope")
    assert ("me", f'{{"slug": "{slug}"}}') in audited(deita, "credentials.refuse")


def test_a_persons_token_and_a_session_get_nothing(deita: Any, me: httpx.Client, server: httpx.Client) -> None:
    assert me.post("/workspaces/brokered/credentials").json()["code"] == "token_scope"
    with deita.client() as nobody:
        assert nobody.post("/workspaces/brokered/credentials").status_code == 401
        token = server.headers["Authorization"].removeprefix("Bearer ")
        assert nobody.post("/workspaces/brokered/credentials", params={"token": token}).status_code == 401


def test_a_server_of_a_deleted_workspace_gets_nothing_any_more(
    deita: Any, me: httpx.Client, open_server: Callable[[str], Any]
) -> None:
    assert me.post("/workspaces", json={"name": "Gone", "slug": "gone"}).status_code == 201
    open_server("gone")
    environments = (process.environ() for process in deita.processes())
    token = next(each["JUPYTERHUB_API_TOKEN"] for each in environments if each.get("DEITA_WORKSPACE") == "gone")
    with deita.client(token) as client:
        assert client.post("/workspaces/gone/credentials").status_code == 200
        assert me.delete("/workspaces/gone").status_code == 204
        assert client.post("/workspaces/gone/credentials").status_code in (401, 403)
