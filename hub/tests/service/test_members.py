"""Members: added, changed, removed, and what the hub lets them do afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from deita_hub.catalog.database import Catalog
from deita_hub.catalog.models import AuditEntry
from sqlalchemy import select


@pytest.fixture
def team(me: httpx.Client) -> str:
    """A fresh workspace of the owner."""
    return str(me.post("/workspaces", json={"name": "Team"}).json()["slug"])


@pytest.fixture
def ana(deita: Any, tokens: dict[str, str]) -> Iterator[httpx.Client]:
    with deita.client(tokens["ana"]) as client:
        yield client


def roles(client: httpx.Client, slug: str) -> dict[str, str]:
    body = client.get(f"/workspaces/{slug}/members").json()
    assert body["next"] is None
    return {item["person"]: item["role"] for item in body["items"]}


def test_a_member_is_added_changed_and_removed(me: httpx.Client, team: str) -> None:
    added = me.post(f"/workspaces/{team}/members", json={"person": "ana", "role": "editor"})
    assert (added.status_code, added.headers["location"][-len("/members/ana") :]) == (201, "/members/ana")
    assert {"person": "ana", "role": "editor"}.items() <= added.json().items()
    assert roles(me, team) == {"ana": "editor", "me": "owner"}
    again = me.post(f"/workspaces/{team}/members", json={"person": "ana", "role": "viewer"})
    assert (again.status_code, again.json()["code"]) == (409, "member_exists")
    assert me.patch(f"/workspaces/{team}/members/ana", json={"role": "viewer"}).json()["role"] == "viewer"
    assert me.delete(f"/workspaces/{team}/members/ana").status_code == 204
    gone = me.delete(f"/workspaces/{team}/members/ana")
    assert (gone.status_code, gone.json()["code"]) == (404, "member_not_found")
    assert roles(me, team) == {"me": "owner"}


@pytest.mark.parametrize("name", ["dash-shop", "Ana", "../me", ""])
def test_names_that_nobody_may_have_are_refused(me: httpx.Client, team: str, name: str) -> None:
    refused = me.post(f"/workspaces/{team}/members", json={"person": name, "role": "viewer"})
    assert (refused.status_code, refused.json()["code"]) == (400, "name_refused")


def test_the_last_owner_stays(me: httpx.Client, ana: httpx.Client, team: str) -> None:
    for answer in (
        me.delete(f"/workspaces/{team}/members/me"),
        me.patch(f"/workspaces/{team}/members/me", json={"role": "editor"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    me.post(f"/workspaces/{team}/members", json={"person": "ana", "role": "owner"})
    assert me.delete(f"/workspaces/{team}/members/me").status_code == 204
    assert me.get(f"/workspaces/{team}").status_code == 404
    assert roles(ana, team) == {"ana": "owner"}


def test_everybody_may_leave(me: httpx.Client, ana: httpx.Client, team: str) -> None:
    me.post(f"/workspaces/{team}/members", json={"person": "ana", "role": "viewer"})
    assert ana.delete(f"/workspaces/{team}/members/me").status_code == 403
    assert ana.delete(f"/workspaces/{team}/members/ana").status_code == 204
    assert ana.get(f"/workspaces/{team}").status_code == 404


def test_a_removed_editor_has_neither_server_nor_token_of_it(
    me: httpx.Client, ana: httpx.Client, deita: Any, team: str, open_server: Any, until: Callable[..., Any]
) -> None:
    me.post(f"/workspaces/{team}/members", json={"person": "ana", "role": "editor"})
    api = open_server(team, ana)["server"]["api"]
    environments = [process.environ() for process in deita.processes()]
    server = next(
        each for each in environments if (each.get("DEITA_PERSON"), each.get("DEITA_WORKSPACE")) == ("ana", team)
    )
    own = {"Authorization": f"token {server['JUPYTERHUB_API_TOKEN']}"}
    assert httpx.get(f"{api}/health", headers=ana.headers, trust_env=False).status_code == 200
    assert httpx.get(f"{server['JUPYTERHUB_API_URL']}/user", headers=own, trust_env=False).status_code == 200
    assert me.delete(f"/workspaces/{team}/members/ana").status_code == 204
    until(lambda: httpx.get(f"{api}/health", headers=ana.headers, trust_env=False).status_code == 503, 30, "closed")
    until(
        lambda: httpx.get(f"{server['JUPYTERHUB_API_URL']}/user", headers=own, trust_env=False).status_code == 403,
        30,
        "the server's token is void",
    )
    assert ana.post(f"/workspaces/{team}/start").status_code == 404


def test_a_server_that_ran_with_more_rights_is_stopped(
    me: httpx.Client, ana: httpx.Client, team: str, open_server: Any, until: Callable[..., Any]
) -> None:
    me.post(f"/workspaces/{team}/members", json={"person": "ana", "role": "owner"})
    open_server(team, ana)
    me.patch(f"/workspaces/{team}/members/ana", json={"role": "editor"})
    until(lambda: ana.get(f"/workspaces/{team}").json()["server"]["state"] == "stopped", 30, "stopped")
    open_server(team, ana)
    me.patch(f"/workspaces/{team}/members/ana", json={"role": "owner"})
    assert ana.get(f"/workspaces/{team}").json()["server"]["state"] == "ready"


def test_who_did_what_is_in_the_audit(me: httpx.Client, deita: Any, team: str) -> None:
    me.post(f"/workspaces/{team}/members", json={"person": "ana", "role": "editor"})
    me.patch(f"/workspaces/{team}/members/ana", json={"role": "viewer"})
    me.delete(f"/workspaces/{team}/members/ana")
    workspace_id = me.get(f"/workspaces/{team}").json()["id"]
    catalog = Catalog(f"sqlite:///{deita.home / 'catalog.sqlite'}")
    with catalog.read() as session:
        entries = select(AuditEntry).where(AuditEntry.workspace_id == workspace_id).order_by(AuditEntry.id)
        found = session.scalars(entries)
        written = [(entry.person, entry.action, entry.details) for entry in found if entry.action != "workspace.create"]
    catalog.close()
    assert written == [
        ("me", "member.add", {"member": "ana", "role": "editor"}),
        ("me", "member.change", {"member": "ana", "role": "viewer", "before": "editor"}),
        ("me", "member.remove", {"member": "ana", "role": "viewer"}),
    ]
