"""Who may do what in the data plane: every operation of its OpenAPI document with every role."""

from __future__ import annotations

import re

import httpx
import pytest

from .workspace_server import RunningServer, Starter

LOOK_AND_ASK = """
GET /health
GET /openapi.json
GET /docs
GET /docs/{asset}
GET /notebook/{asset}
GET /workspace
GET /files
GET /files/{name}/meta
GET /tables
GET /tables/{name}
GET /tables/{name}/rows
GET /tables/{name}/versions
GET /tables/{name}/profile
GET /tables/{name}/lineage
GET /imports/recipe-schema
GET /queries
POST /queries
GET /queries/{id}
DELETE /queries/{id}
GET /queries/{id}/results
HEAD /queries/{id}/results
GET /queries/{id}/profile
GET /queries/{id}/chart
GET /queries/{id}/receipt
POST /queries/{id}/rerun
POST /queries/validate
POST /queries/format
POST /queries/complete
GET /saved-queries
GET /saved-queries/{slug}
GET /saved-queries/{slug}/versions
POST /saved-queries/{slug}/run
GET /q/{slug}.{format}
HEAD /q/{slug}.{format}
"""
VIEWERS_MAY = frozenset(LOOK_AND_ASK.strip().splitlines())
FOR_ALL = frozenset({"GET /livez", "GET /readyz", "OPTIONS /uploads", "OPTIONS /uploads/{upload_id}"})


@pytest.fixture(scope="module")
def owner(start_server: Starter) -> RunningServer:
    return start_server()


@pytest.fixture(scope="module")
def operations(owner: RunningServer) -> list[str]:
    paths = owner.api.get("/openapi.json").json()["paths"]
    methods = {"get", "head", "post", "put", "patch", "delete", "options"}
    return sorted(f"{method.upper()} {path}" for path, item in paths.items() for method in item.keys() & methods)


def let_in(client: httpx.Client, operations: list[str]) -> set[str]:
    """The operations that are not refused for want of a right; what they would be about does not exist."""
    found = set()
    for operation in operations:
        method, path = operation.split()
        filled = re.sub(r"\{\w+\}", "nothing", path.replace("{format}", "json"))
        body = b"{}" if method in ("POST", "PUT", "PATCH") else None
        answer = client.request(method, filled, content=body, headers={"Tus-Resumable": "1.0.0"})
        if answer.status_code not in (401, 403):
            found.add(operation)
        elif method != "HEAD":
            assert set(answer.json()) == {"code", "message", "hint", "details", "request_id"}, operation
    return found


def test_the_table_names_nothing_that_there_is_not(operations: list[str]) -> None:
    assert set(operations) >= VIEWERS_MAY | FOR_ALL


@pytest.mark.parametrize("role", ["owner", "editor"])
def test_who_works_here_may_do_everything(start_server: Starter, operations: list[str], role: str) -> None:
    assert let_in(start_server(role=role).api, operations) == set(operations)


def test_a_viewer_looks_and_asks_and_does_nothing_else(
    start_server: Starter, owner: RunningServer, operations: list[str]
) -> None:
    assert owner.api.get("/files").status_code == 200  # opens the workspace's database, which a viewer cannot make
    viewer = start_server(storage=owner.storage, person="vi", role="viewer")
    assert let_in(viewer.api, operations) == VIEWERS_MAY | FOR_ALL


@pytest.mark.parametrize("role", ["owner", "viewer"])
@pytest.mark.parametrize(("token", "status"), [("another-persons-token", 403), ("no-token-at-all", 401)])
def test_a_stranger_gets_in_nowhere(
    start_server: Starter, operations: list[str], role: str, token: str, status: int
) -> None:
    server = start_server(role=role)
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        assert let_in(client, operations) == set(FOR_ALL)
        assert client.get("/tables").status_code == status
