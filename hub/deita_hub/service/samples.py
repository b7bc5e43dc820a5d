"""Puts the sample tables into the first workspace, by the same REST calls that anybody would make.

The control plane never reads user data: it starts the owner's server, sends it the shipped files with a token that
lives for minutes, asks for the imports and waits for them. If the server is not there yet or goes away, everything is
tried again a few times, and once more at the next start; every step can be repeated without harm.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from deita_hub.catalog.models import Member, Workspace
from deita_hub.service.errors import ServiceError
from deita_hub.service.parts import Parts

FOLDER = Path(__file__).parents[1] / "samples"
TRIES = 5
PAUSE_SECONDS = 3.0
READY_SECONDS = 90.0
IMPORT_SECONDS = 60.0
TOKEN_SECONDS = 300
log = logging.getLogger("uvicorn.error")


class SamplesError(Exception):
    """One attempt did not get through."""


@dataclass(frozen=True)
class Pending:
    """A workspace that waits for its sample data, and who owns it."""

    workspace_id: str
    slug: str
    owner: str


async def load_pending(parts: Parts) -> None:
    """Serve every workspace that waits; gives up quietly, the workspace works without."""
    waiting = await parts.place.read(_pending)
    deadline = time.monotonic() + READY_SECONDS
    while waiting and not await parts.hub.healthy() and time.monotonic() < deadline:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.2)
    for pending in waiting:
        for attempt in range(TRIES):
            try:
                await _load(parts, pending)
                break
            except (SamplesError, ServiceError, httpx.HTTPError) as error:
                log.warning("sample data, attempt %d of %d: %s", attempt + 1, TRIES, error)
                await asyncio.sleep(PAUSE_SECONDS * (attempt + 1))


def _pending(session: Session) -> list[Pending]:
    query = (
        select(Workspace.id, Workspace.slug, Member.person)
        .join(Member, (Member.workspace_id == Workspace.id) & (Member.role == "owner"))
        .where(Workspace.samples == "pending", Workspace.deleted_at.is_(None))
        .limit(10)
    )
    return [Pending(*row) for row in session.execute(query)]


async def _load(parts: Parts, pending: Pending) -> None:
    await parts.hub.start(pending.owner, pending.slug)
    await _until_ready(parts, pending)
    token = await parts.hub.short_token(pending.owner, pending.slug, TOKEN_SECONDS)
    origins = parts.settings.origins
    base = f"{origins.local}/user/{pending.owner}/{pending.slug}/deita/api/v1"
    headers = {"Authorization": f"Bearer {token}", **origins.names(pending.owner)}
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=30.0, trust_env=False) as client:
        for path in sorted(FOLDER.glob("*.csv")):
            await _import(client, path)
    await parts.place.write(
        lambda s: s.execute(update(Workspace).where(Workspace.id == pending.workspace_id).values(samples="done"))
    )
    log.info("sample data loaded into %s", pending.slug)


async def _until_ready(parts: Parts, pending: Pending) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        server = (await parts.hub.servers(pending.owner)).get(pending.slug)
        if server is not None and server.state == "ready":
            return
        if server is None or server.state == "stopped":
            raise SamplesError("the server did not start")
        await asyncio.sleep(0.1)
    raise SamplesError("the server did not get ready")


async def _import(client: httpx.AsyncClient, path: Path) -> None:
    content = await asyncio.to_thread(path.read_bytes)
    sent = await client.put(f"/files/{path.name}", content=content)
    if sent.status_code not in (200, 201, 409):
        raise SamplesError(f"sending {path.name} was answered with {sent.status_code}")
    asked = await client.post("/imports", json={"file": path.name, "table": path.stem, "mode": "create"})
    if asked.status_code == 409:
        return  # the table is there from an attempt before
    if asked.status_code != 202:
        raise SamplesError(f"importing {path.name} was answered with {asked.status_code}")
    import_id, deadline = asked.json()["id"], time.monotonic() + IMPORT_SECONDS
    while time.monotonic() < deadline:
        state = (await client.get(f"/imports/{import_id}")).json().get("state")
        if state == "done":
            return
        if state in ("failed", "cancelled"):
            raise SamplesError(f"importing {path.name} ended as {state}")
        await asyncio.sleep(0.1)
    raise SamplesError(f"importing {path.name} took too long")
