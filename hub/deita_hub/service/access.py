"""Makes the hub follow the catalog: whose servers may run, and who may enter the dashboard servers.

Membership is read by the hub when a server starts and never again. So whoever loses a place has their server stopped
here, and the dashboard server of a workspace is shared, by a share of the hub each, with exactly its viewers. The
catalog is changed first and the hub follows; what a crash or a hub that does not answer left undone, `follow_all` does.
"""

from __future__ import annotations

import asyncio
import logging
import time

from sqlalchemy.orm import Session

from deita_hub.broker.databases import DatabaseIssuer
from deita_hub.broker.storage import IssueFailedError
from deita_hub.catalog import members, workspaces
from deita_hub.catalog.workspaces import WORKING_ROLES
from deita_hub.names import dashboard_user, is_dashboard_user
from deita_hub.place import Place
from deita_hub.service.errors import ServiceError
from deita_hub.service.hub_client import HubClient

STOP_SECONDS = 20.0
FOLLOW_SECONDS = 60.0
log = logging.getLogger("uvicorn.error")


class Access:
    """What the hub lets people do."""

    def __init__(self, place: Place, hub: HubClient, databases: DatabaseIssuer) -> None:
        self._place, self._hub, self._databases = place, hub, databases

    async def share(self, slug: str) -> None:
        """Let exactly the viewers of the workspace into its dashboard server, which the hub knows from the first on."""
        user = dashboard_user(slug)
        wanted = await self._place.read(lambda session: _viewers(session, slug))
        present = await self._hub.guests(user, slug)
        if present is None:
            if not wanted:
                return
            await self._hub.ensure_server(user, slug)
            present = set()
        for guest in sorted(present - wanted):
            await self._hub.keep_out(guest, user, slug)
        for guest in sorted(wanted - present):
            await self._hub.let_in(guest, user, slug)

    async def withdraw(self, person: str, slug: str) -> None:
        """Take everything from somebody who lost their place or some of it: the running server, the dashboards, logins
        at the database. Raises `unavailable`.
        """
        await asyncio.gather(self._hub.stop(person, slug), self.share(slug))
        workspace = await self._place.read(lambda session: workspaces.by_slug(session, slug))
        try:
            if workspace is not None:
                await asyncio.to_thread(self._databases.revoke, workspace.id, person)
        except IssueFailedError as error:
            raise ServiceError("unavailable", "The database does not answer right now.", "Ask again.") from error

    async def stopped(self, user: str, slug: str) -> None:
        """Stop a server and wait until it has ended. Raises `unavailable` when it does not."""
        await self._hub.stop(user, slug)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            server = (await self._hub.servers(user)).get(slug)
            if server is None or server.ended:
                return
            await asyncio.sleep(0.1)
        raise ServiceError("unavailable", "A server of this workspace does not stop.", "Ask again in a minute.")

    async def forget(self, slug: str) -> None:
        """Take the dashboard server out of the hub: its slug will be free, and nobody may inherit its guests."""
        await self.stopped(dashboard_user(slug), slug)
        await self._hub.forget_user(dashboard_user(slug))

    async def follow_all(self) -> None:
        """Stop every server whose person lost the place it belongs to, and share every dashboard server anew."""
        for user, slug in await self._hub.running():
            if is_dashboard_user(user):
                if await self._place.read(lambda s, slug=slug: workspaces.by_slug(s, slug)) is None:  # type: ignore[misc]
                    await self._hub.stop(user, slug)
                await self.share(slug)
                continue
            found = await self._place.read(lambda s, user=user, slug=slug: workspaces.membership(s, user, slug))  # type: ignore[misc]
            if found is None or found.role not in WORKING_ROLES:
                await self.withdraw(user, slug)

    async def keep_following(self) -> None:
        """Do so for ever."""
        while True:
            try:
                await self.follow_all()
            except ServiceError as error:
                log.warning("the hub could not follow the catalog, it is tried again: %s", error)
            await asyncio.sleep(FOLLOW_SECONDS)


def _viewers(session: Session, slug: str) -> set[str]:
    workspace = workspaces.by_slug(session, slug)
    everybody = members.members(session, workspace.id) if workspace else []
    return {member.person for member in everybody if member.role not in WORKING_ROLES}
