"""What can be done with workspaces. Knows the catalog, the hub and the folders; knows no HTTP of its own."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from deita_hub import storage
from deita_hub.backing_up.holding import is_under_way
from deita_hub.broker.databases import DatabaseIssuer
from deita_hub.bucket import BucketError, bucket_of
from deita_hub.catalog import members, people, workspaces
from deita_hub.catalog.database import now
from deita_hub.catalog.workspaces import Draft, KeyReusedError, Membership, SlugTakenError, TooManyWorkspacesError
from deita_hub.names import NameRefusedError, dashboard_user
from deita_hub.place import Place
from deita_hub.service import models
from deita_hub.service.access import Access
from deita_hub.service.errors import ServiceError
from deita_hub.service.hub_client import HubClient, HubServer
from deita_hub.service.metrics import Metrics
from deita_hub.service.permissions import allowed, server_user

SIZE_SECONDS = 30.0
MEASURED_SECONDS = 3.0
"""What a page waits for sizes; the last known one is shown instead."""
MOST_SIZES = 2000
Value = TypeVar("Value")


class WorkspaceManager:
    """Every method acts for one person and raises `ServiceError` for what that person may not do."""

    def __init__(
        self, place: Place, hub: HubClient, access: Access, databases: DatabaseIssuer, metrics: Metrics
    ) -> None:
        self._place, self._hub, self._access, self._databases = place, hub, access, databases
        self._metrics = metrics
        self._sizes: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._measuring = asyncio.Semaphore(2)

    async def page(self, person: str, after: str, limit: int) -> tuple[list[models.Workspace], str | None]:
        """Some of the person's workspaces, and the id to go on after."""
        found = await self._place.read(lambda s: workspaces.memberships(s, person, after=after, limit=limit + 1))
        shown = await self._show(person, found[:limit])
        return shown, found[limit - 1].workspace.id if len(found) > limit else None

    async def one(self, person: str, slug: str) -> models.Workspace:
        """The workspace, if the person is a member."""
        return (await self._show(person, [await self.member(person, slug)]))[0]

    async def member(self, person: str, slug: str, roles: Iterable[str] | None = None) -> Membership:
        """The person's membership: 404 for who is no member, 403 when another role is needed."""
        found = await self._place.read(lambda s: workspaces.membership(s, person, slug))
        return allowed(found, roles)

    async def create(
        self, person: str, draft: Draft, key: str | None = None, fingerprint: str = ""
    ) -> tuple[models.Workspace, bool]:
        """A new workspace; the second value is False when the key had been used before."""

        def work(session: Session) -> tuple[str, bool]:
            people.ensure_person(session, person, named=False)
            if key is None:
                return workspaces.create(session, person, draft).slug, True
            workspace, fresh = workspaces.create_once(session, person, draft, key, fingerprint)
            return workspace.slug, fresh

        slug, fresh = await self._write(work)
        self._metrics.created.inc(fresh)
        return await self.one(person, slug), fresh

    async def change(self, person: str, slug: str, name: str | None, description: str | None) -> models.Workspace:
        """Rename or describe; owners only."""
        await self.member(person, slug, ("owner",))

        def work(session: Session) -> None:
            workspace = allowed(workspaces.membership(session, person, slug), ("owner",)).workspace
            workspaces.change(session, workspace, name, description, by=person)

        await self._write(work)
        return await self.one(person, slug)

    async def delete(self, person: str, slug: str) -> None:
        """Close the workspace to everybody, stop its servers, move its folder into the trash; owners only."""

        def work(session: Session) -> tuple[str, list[str]]:
            workspace = allowed(workspaces.membership(session, person, slug), ("owner",)).workspace
            workspaces.mark_deleted(session, workspace, by=person)
            return workspace.id, [member.person for member in members.members(session, workspace.id)]

        workspace_id, everybody = await self._write(work)
        self._metrics.deleted.inc()
        users = [*everybody, dashboard_user(slug)]
        await asyncio.gather(*(self._access.stopped(user, slug) for user in users))
        await asyncio.to_thread(self._databases.revoke, workspace_id)
        stamp = now().strftime("%Y%m%dT%H%M%S")
        await asyncio.to_thread(storage.discard, self._place.settings, workspace_id, stamp)

    async def restore(self, person: str, slug: str) -> models.Workspace:
        """Undo a deletion, as long as the workspace has not been purged; owners only."""
        found = await self._place.read(lambda s: workspaces.membership(s, person, slug, deleted=True))
        workspace_id = allowed(found, ("owner",)).workspace.id
        await asyncio.to_thread(storage.recover, self._place.settings, workspace_id)

        def work(session: Session) -> None:
            again = allowed(workspaces.membership(session, person, slug, deleted=True), ("owner",))
            workspaces.mark_restored(session, again.workspace, by=person)

        await self._write(work)
        return await self.one(person, slug)

    async def start(self, person: str, slug: str) -> models.Workspace:
        """Start the server that the person uses; nothing happens if it runs."""
        found = await self.member(person, slug)
        if found.role == workspaces.VIEWER:
            await self._access.share(slug)
        await self._hub.start(server_user(person, found.role, slug), slug)
        return await self.one(person, slug)

    async def stop(self, person: str, slug: str) -> models.Workspace:
        """Stop the person's server; nothing happens if it does not run."""
        await self.member(person, slug, workspaces.WORKING_ROLES)
        await self._hub.stop(person, slug)
        return await self.one(person, slug)

    async def sweep(self) -> None:
        """Finish deletions and uploads that were cut short, and purge what can no longer be restored."""
        settings = self._place.settings
        for workspace in await self._place.read(workspaces.deleted):
            stamp = (workspace.deleted_at or now()).strftime("%Y%m%dT%H%M%S")
            await asyncio.to_thread(storage.discard, settings, workspace.id, stamp)
        if settings.objects:
            for workspace_id in await self._place.read(workspaces.ids):
                await asyncio.to_thread(bucket_of(settings.objects).sweep, workspace_id)
        for workspace in await self._place.read(workspaces.purgeable):
            if await asyncio.to_thread(is_under_way, settings):
                return  # it may be reading what would go; the next time comes
            await self._access.forget(workspace.slug)
            await asyncio.to_thread(self._databases.drop, workspace.id)
            await asyncio.to_thread(storage.purge, settings, workspace.id)
            await self._place.write(lambda s, gone=workspace.id: workspaces.remove(s, gone))  # type: ignore[misc]

    async def _write(self, work: Callable[[Session], Value]) -> Value:
        """One transaction; what the catalog refuses gets its code."""
        try:
            return await self._place.write(work)
        except NameRefusedError as error:
            raise ServiceError("name_refused", str(error)) from error
        except SlugTakenError as error:
            raise ServiceError(
                "slug_taken", "This slug is taken.", "Choose another slug.", {"slug": str(error)}
            ) from error
        except KeyReusedError as error:
            message = "This Idempotency-Key was used for another request."
            raise ServiceError("idempotency_key_reused", message, "Use a fresh key for each request.") from error
        except TooManyWorkspacesError as error:
            message = f"A person may have at most {workspaces.MOST_OWNED} workspaces."
            raise ServiceError("too_many_workspaces", message, "Delete one first.") from error

    async def _show(self, person: str, found: list[Membership]) -> list[models.Workspace]:
        users = [server_user(person, each.role, each.workspace.slug) for each in found]
        known = await asyncio.gather(*map(self._hub.servers, distinct := sorted(set(users))))
        servers = dict(zip(distinct, known, strict=True))
        sizes = await asyncio.gather(*(self._size(each.workspace.id) for each in found))
        return [
            self._model(user, each, servers[user].get(each.workspace.slug), size)
            for user, each, size in zip(users, found, sizes, strict=True)
        ]

    async def _size(self, workspace_id: str) -> int:
        known = self._sizes.get(workspace_id)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        try:
            async with asyncio.timeout(MEASURED_SECONDS), self._measuring:
                size = await asyncio.to_thread(storage.size, self._place.settings, workspace_id)
        except (BucketError, TimeoutError):
            size = known[1] if known else 0  # a page that cannot say how large it is is better than none
        self._sizes[workspace_id] = (time.monotonic() + SIZE_SECONDS, size)
        while len(self._sizes) > MOST_SIZES:
            self._sizes.popitem(last=False)
        return size

    def _model(self, user: str, found: Membership, server: HubServer | None, size: int) -> models.Workspace:
        workspace = found.workspace
        return models.Workspace(
            id=workspace.id,
            slug=workspace.slug,
            name=workspace.name,
            description=workspace.description,
            role=found.role,  # type: ignore[arg-type]  # the catalog holds no other
            visibility="private",
            created_at=workspace.created_at,
            last_used_at=server.last_used_at if server else None,
            usage=models.Usage(bytes=size),
            quota=models.Quota(bytes=self._place.settings.quota_bytes),
            server=self._server(user, found, server),
        )

    def _server(self, user: str, found: Membership, server: HubServer | None) -> models.Server:
        state = server.state if server else "stopped"
        base = f"{self._place.settings.origins.of(user)}/user/{user}/{found.workspace.slug}"
        failure = found.failure if state == "stopped" else None
        return models.Server(
            state="failed" if failure else state,
            url=f"{base}/apps/explore",
            api=f"{base}/deita/api/v1",
            progress=_progress(state, server),
            message=failure.message if failure else None,
        )


def _progress(state: str, server: HubServer | None) -> float:
    """How far a start is: nobody can know, so it goes towards 1 ever more slowly, half-way after a second."""
    if state == "starting" and server is not None and server.started_at is not None:
        seconds = max(0.0, (datetime.now(UTC) - server.started_at).total_seconds())
        return round(0.1 + 0.85 * seconds / (seconds + 1.0), 2)
    return 1.0 if state == "ready" else 0.0
