"""Who may do what: every endpoint with every kind of caller, and the ways in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

NOBODY, STRANGER, VIEWER, EDITOR, OWNER = CALLERS = ("nobody", "stranger", "viewer", "editor", "owner")
MATRIX: dict[tuple[str, str], tuple[int, int, int, int, int]] = {
    ("GET", "/health"): (200, 200, 200, 200, 200),
    ("GET", "/me"): (401, 200, 200, 200, 200),
    ("GET", "/workspaces"): (401, 200, 200, 200, 200),
    ("POST", "/workspaces"): (401, 201, 201, 201, 201),
    ("GET", "/workspaces/{slug}"): (401, 404, 200, 200, 200),
    ("PATCH", "/workspaces/{slug}"): (401, 404, 403, 403, 200),
    ("POST", "/workspaces/{slug}/start"): (401, 404, 202, 202, 202),
    ("POST", "/workspaces/{slug}/stop"): (401, 404, 403, 202, 202),
    ("POST", "/workspaces/{slug}/credentials"): (401, 403, 403, 403, 403),
    ("GET", "/mounts/{workspace_id}/{part}/credentials"): (403, 403, 403, 403, 403),
    ("GET", "/workspaces/{slug}/members"): (401, 404, 403, 200, 200),
    ("POST", "/workspaces/{slug}/members"): (401, 404, 403, 403, 201),
    ("PATCH", "/workspaces/{slug}/members/{person}"): (401, 404, 403, 403, 200),
    ("DELETE", "/workspaces/{slug}/members/{person}"): (401, 404, 403, 403, 204),
    ("GET", "/workspaces/{slug}/connections"): (401, 404, 403, 200, 200),
    ("POST", "/workspaces/{slug}/connections"): (401, 404, 403, 201, 409),
    ("GET", "/workspaces/{slug}/connections/{name}"): (401, 404, 403, 200, 200),
    ("PATCH", "/workspaces/{slug}/connections/{name}"): (401, 404, 403, 200, 200),
    ("DELETE", "/workspaces/{slug}/connections/{name}"): (401, 404, 403, 204, 404),
    # gone by now: whoever may ask hears that
    ("POST", "/workspaces/{slug}/connections/{name}/test"): (401, 404, 403, 404, 404),
    ("GET", "/workspaces/{slug}/connections/{name}/tables"): (401, 404, 403, 404, 404),
    ("POST", "/workspaces/{slug}/connections/{name}/sample"): (401, 404, 403, 404, 404),
    ("POST", "/workspaces/{slug}/connections/{name}/read"): (401, 404, 403, 404, 404),
    ("DELETE", "/workspaces/{slug}"): (401, 404, 403, 403, 204),
    ("POST", "/workspaces/{slug}/restore"): (401, 404, 403, 403, 200),
}
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/workspaces"): {"name": "Matrix"},
    ("PATCH", "/workspaces/{slug}"): {"name": "Changed"},
    ("POST", "/workspaces/{slug}/members"): {"person": "newcomer", "role": "editor"},
    ("PATCH", "/workspaces/{slug}/members/{person}"): {"role": "viewer"},
    ("POST", "/workspaces/{slug}/connections"): {
        "name": "crm",
        "kind": "postgres",
        "host": "192.0.2.1",
        "database": "crm",
        "user": "reader",
        "password": "for the matrix",
    },
    ("PATCH", "/workspaces/{slug}/connections/{name}"): {"password": "another"},
    ("POST", "/workspaces/{slug}/connections/{name}/sample"): {"table": "customers"},
    ("POST", "/workspaces/{slug}/connections/{name}/read"): {"table": "customers", "format": "parquet", "most": 1},
}


@pytest.fixture(scope="module")
def callers(deita: Any, tokens: dict[str, str], me: httpx.Client) -> Iterator[dict[str, httpx.Client]]:
    """A client for each kind of caller; ana is an editor of the workspace `matrix`, vic a viewer."""
    assert me.post("/workspaces", json={"name": "Matrix", "slug": "matrix"}).status_code == 201
    deita.cli("workspace", "add", "matrix", "ana", "--role", "editor")
    deita.cli("workspace", "add", "matrix", "vic", "--role", "viewer")
    people = {STRANGER: "stranger", VIEWER: "vic", EDITOR: "ana", OWNER: "me"}
    clients = {kind: deita.client(tokens[people[kind]] if kind in people else None) for kind in CALLERS}
    yield clients
    for client in clients.values():
        client.close()


def test_the_matrix_knows_every_endpoint(me: httpx.Client) -> None:
    paths = me.get("/openapi.json").json()["paths"]
    prefix = "/services/deita/api/v1"
    described = {(method.upper(), path.removeprefix(prefix)) for path, item in paths.items() for method in item}
    assert described == set(MATRIX)


@pytest.mark.parametrize(("method", "path"), list(MATRIX))
def test_exactly_the_documented_callers_get_in(callers: dict[str, httpx.Client], method: str, path: str) -> None:
    body, got = BODIES.get((method, path)), []
    for kind in CALLERS:
        if path.endswith("/restore") and kind == VIEWER:
            assert callers[OWNER].delete("/workspaces/matrix").status_code == 204
        names = {"slug": "matrix", "person": "newcomer", "workspace_id": "any", "part": "files", "name": "crm"}
        answer = callers[kind].request(method, path.format(**names), json=body)
        got.append(answer.status_code)
        if answer.status_code >= 400:
            assert set(answer.json()) == {"code", "message", "hint", "details", "request_id"}
    if (method, path) == ("DELETE", "/workspaces/{slug}"):
        assert callers[OWNER].post("/workspaces/matrix/restore").status_code == 200
    assert tuple(got) == MATRIX[(method, path)]


def test_who_works_has_a_server_of_their_own_and_who_looks_the_dashboard_server(
    callers: dict[str, httpx.Client], deita: Any
) -> None:
    for kind, user in ((EDITOR, "ana"), (OWNER, "me"), (VIEWER, "dash-matrix")):
        server = callers[kind].get("/workspaces/matrix").json()["server"]
        assert server["url"] == f"{deita.url}/user/{user}/matrix/apps/explore"
        assert server["api"] == f"{deita.url}/user/{user}/matrix/deita/api/v1"


@pytest.mark.parametrize("header", ["Bearer wrong", "token", "Basic bWU6bWU=", "Bearer " + "x" * 500])
def test_a_token_that_is_none_is_a_401(deita: Any, header: str) -> None:
    with deita.client() as client:
        answer = client.get("/me", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "not_signed_in"


def test_both_words_before_a_token_work(deita: Any, tokens: dict[str, str]) -> None:
    with deita.client() as client:
        for word in ("Bearer", "token", "bearer"):
            answer = client.get("/me", headers={"Authorization": f"{word} {tokens['me']}"})
            assert answer.json() == {"name": "me", "admin": True}


def test_a_person_token_reaches_nothing_of_the_hubs_own_api(deita: Any, tokens: dict[str, str]) -> None:
    headers = {"Authorization": f"token {tokens['me']}"}
    for method, path in (("GET", "/users"), ("POST", "/users/me/tokens"), ("POST", "/users/me/servers/start")):
        answer = httpx.request(method, f"{deita.url}/hub/api{path}", headers=headers, trust_env=False)
        assert answer.status_code in (403, 404), path


def test_the_server_of_somebody_else_is_closed(
    deita: Any, tokens: dict[str, str], me: httpx.Client, until: Any
) -> None:
    me.post("/workspaces/matrix/start")
    api = until(
        lambda: (w := me.get("/workspaces/matrix").json()["server"]) and w["state"] == "ready" and w["api"], 60, "ready"
    )
    headers = {"Authorization": f"Bearer {tokens['stranger']}"}
    assert httpx.get(f"{api}/workspace", headers=headers, trust_env=False).status_code == 403


def test_a_server_may_not_be_started_past_the_membership(deita: Any, tokens: dict[str, str], until: Any) -> None:
    operator = (deita.home / "secrets" / "operator_token").read_text()
    headers = {"Authorization": f"token {operator}"}
    for person, path in (("stranger", "/users/stranger/servers/matrix"), ("me", "/users/me/server")):
        httpx.post(f"{deita.url}/hub/api{path}", headers=headers, json={}, trust_env=False)
        said = f"Error starting {person}'s server: HTTP 403"
        until(lambda said=said: said in deita.log("hub.log"), 10, said)
    environments = [process.environ().get("DEITA_PERSON") for process in deita.processes()]
    assert "stranger" not in environments


def test_a_workspace_server_knows_no_secret_of_the_hub(deita: Any, open_server: Any) -> None:
    open_server("start")
    secrets = {file.read_text() for file in (deita.home / "secrets").iterdir()}
    server = next(each for each in deita.processes() if each.environ().get("DEITA_WORKSPACE") == "start")
    environment = server.environ()
    assert not secrets & set(environment.values())
    assert {name for name in environment if name.startswith("DEITA_")} == {
        "DEITA_WORKSPACE_ID",
        "DEITA_WORKSPACE",
        "DEITA_WORKSPACE_NAME",
        "DEITA_PERSON",
        "DEITA_ROLE",
        "DEITA_STORAGE_URL",
        "DEITA_MOUNT",
        "DEITA_PUBLIC_URL",
        "DEITA_CONTROL_PLANE",
        "DEITA_DATABASE",
        "DEITA_LIFELINE",
        "DEITA_ISOLATION",
        "DEITA_LOG_FORMAT",
        "DEITA_METRICS_TOKEN",
        "DEITA_QUOTA_BYTES",
    }
    hub_api = environment["JUPYTERHUB_API_URL"]
    headers = {"Authorization": f"token {environment['JUPYTERHUB_API_TOKEN']}"}
    mine = httpx.get(f"{hub_api}/user", headers=headers, trust_env=False).json()
    assert "access:servers!server=me/start" in mine["scopes"]
    for method, path in (("GET", "/users"), ("POST", "/users/me/tokens"), ("DELETE", "/users/me/servers/start")):
        assert httpx.request(method, hub_api + path, headers=headers, trust_env=False).status_code in (403, 404), path
    control = httpx.get(f"{deita.url}/services/deita/api/v1/me", headers=headers, trust_env=False)
    assert (control.status_code, control.json()["code"]) == (403, "token_scope")
