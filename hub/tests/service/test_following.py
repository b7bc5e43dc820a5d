"""The hub follows the catalog, also where a crash came between the two; and forgets what was purged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from deita_hub import secret_files, settings
from deita_hub.catalog import members, workspaces
from deita_hub.catalog.database import now
from deita_hub.catalog.models import Member, Workspace
from deita_hub.service.app import make_parts
from deita_hub.service.parts import Parts
from sqlalchemy import delete, update


@pytest.fixture
async def parts(deita: Any) -> AsyncIterator[Parts]:
    """The control plane's parts over the running Deita's hub and catalog."""
    here = settings.load(deita.child("deita_hub.service").environ())
    found = make_parts(here, secret_files.load(here))
    yield found
    await found.hub.close()
    found.place.catalog.close()


@pytest.fixture
def salon(me: httpx.Client) -> str:
    """A fresh workspace of the owner."""
    return str(me.post("/workspaces", json={"name": "Salon"}).json()["slug"])


def api_of(user: str, slug: str) -> str:
    return f"/user/{user}/{slug}/deita/api/v1/health"


async def remove_without_a_word(parts: Parts, slug: str, person: str) -> None:
    """What the catalog says when the control plane was killed right after it had been changed."""
    found = await parts.place.read(lambda session: workspaces.by_slug(session, slug))
    assert found is not None
    gone = delete(Member).where(Member.workspace_id == found.id, Member.person == person)
    await parts.place.write(lambda session: session.execute(gone) and None)


async def test_who_lost_their_place_is_stopped_and_the_guests_are_the_viewers(
    parts: Parts, deita: Any, tokens: dict[str, str], me: httpx.Client, salon: str, open_server: Any, until: Any
) -> None:
    for person, role in (("ana", "editor"), ("vic", "viewer")):
        me.post(f"/workspaces/{salon}/members", json={"person": person, "role": role})
        with deita.client(tokens[person]) as client:
            open_server(salon, client)
    open_server(salon)
    await remove_without_a_word(parts, salon, "ana")
    await remove_without_a_word(parts, salon, "vic")
    await parts.place.write(
        lambda session: members.add(session, workspaces.by_slug(session, salon), "stranger", "viewer", by="me") and None  # type: ignore[arg-type]
    )
    await parts.access.follow_all()
    assert await parts.hub.guests(f"dash-{salon}", salon) == {"stranger"}
    until(lambda: answers(deita, tokens["ana"], "ana", salon) == 503, 30, "the end of the server of who is no member")
    assert answers(deita, tokens["me"], "me", salon) == 200
    assert answers(deita, tokens["stranger"], f"dash-{salon}", salon) == 200
    until(lambda: answers(deita, tokens["vic"], f"dash-{salon}", salon) == 403, 30, "the end of the viewer's access")


async def test_a_deleted_workspaces_dashboard_server_does_not_go_on(
    parts: Parts, deita: Any, tokens: dict[str, str], me: httpx.Client, salon: str, open_server: Any, until: Any
) -> None:
    me.post(f"/workspaces/{salon}/members", json={"person": "vic", "role": "viewer"})
    with deita.client(tokens["vic"]) as vic:
        open_server(salon, vic)
    gone = update(Workspace).where(Workspace.slug == salon).values(deleted_at=now())
    await parts.place.write(lambda session: session.execute(gone) and None)
    await parts.access.follow_all()
    assert await parts.hub.guests(f"dash-{salon}", salon) == set()
    until(lambda: answers(deita, tokens["vic"], f"dash-{salon}", salon) == 503, 30, "the end of the dashboard server")


async def test_a_purged_workspace_leaves_no_user_no_share_and_no_token(
    parts: Parts, deita: Any, tokens: dict[str, str], me: httpx.Client, salon: str, open_server: Callable[..., Any]
) -> None:
    me.post(f"/workspaces/{salon}/members", json={"person": "vic", "role": "viewer"})
    with deita.client(tokens["vic"]) as vic:
        open_server(salon, vic)
    user = f"dash-{salon}"
    environment = next(
        each for each in (process.environ() for process in deita.processes()) if each.get("DEITA_PERSON") == user
    )
    own, hub = environment["JUPYTERHUB_API_TOKEN"], environment["JUPYTERHUB_API_URL"]
    assert httpx.get(f"{hub}/user", headers={"Authorization": f"token {own}"}, trust_env=False).status_code == 200
    assert me.delete(f"/workspaces/{salon}").status_code == 204
    long_ago = (
        update(Workspace)
        .where(Workspace.slug == salon)
        .values(deleted_at=now() - timedelta(days=workspaces.KEPT_DAYS + 1))
    )
    await parts.place.write(lambda session: session.execute(long_ago) and None)
    copies = deita.home / "run" / "copies" / environment["DEITA_WORKSPACE_ID"]
    assert copies.is_dir()
    await parts.workspaces.sweep()

    assert not copies.exists()
    operator = {"Authorization": f"token {(deita.home / 'secrets' / 'operator_token').read_text()}"}
    assert httpx.get(f"{hub}/users/{user}", headers=operator, trust_env=False).status_code == 404
    assert await parts.hub.guests(user, salon) is None
    assert httpx.get(f"{hub}/user", headers={"Authorization": f"token {own}"}, trust_env=False).status_code == 403
    assert me.post("/workspaces", json={"name": "Salon", "slug": salon}).status_code == 201, "the slug is free again"
    await parts.access.share(salon)
    assert not await parts.hub.guests(user, salon), "nobody inherits the guests"


def answers(deita: Any, token: str, user: str, slug: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(deita.url + api_of(user, slug), headers=headers, trust_env=False).status_code
