"""Issues credentials to workspace servers: who may have which is decided here, and every issue is written down."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from deita_hub.attempts import Attempts
from deita_hub.broker.databases import DatabaseCredentials, DatabaseIssuer, SqliteDatabases
from deita_hub.broker.local import LocalStorage
from deita_hub.broker.postgres import PostgresDatabases
from deita_hub.broker.storage import Access, StorageCredentials, StorageIssuer
from deita_hub.broker.sts import SessionStorage
from deita_hub.bucket_mounts import Part
from deita_hub.catalog import workspaces
from deita_hub.catalog.workspaces import WORKING_ROLES
from deita_hub.names import dashboard_user
from deita_hub.place import Place
from deita_hub.settings import Settings

MOUNT = "mount"
"""Who the mount of a workspace is in the audit table and the storage's own log."""


@dataclass(frozen=True)
class Credentials:
    """What one workspace server gets."""

    storage: StorageCredentials
    database: DatabaseCredentials


class Broker:
    """The installation's broker."""

    def __init__(self, place: Place, storage: StorageIssuer, databases: DatabaseIssuer) -> None:
        self._place, self._storage, self._databases = place, storage, databases
        self._refused = Attempts()

    async def issue(self, person: str, slug: str) -> Credentials | None:
        """Credentials for a person's server of a workspace; None when the person is no longer a member of it.

        Raises IssueFailedError.
        """
        found = await self._access(person, slug)
        if found is None:
            await self.refuse(person, slug)
            return None
        workspace_id, access = found
        storage, database = await asyncio.gather(
            asyncio.to_thread(self._storage.issue, workspace_id, person, access),
            asyncio.to_thread(self._databases.issue, workspace_id, person, access),
        )
        kinds = {"storage": storage.kind, "database": database.kind, "access": access}
        await self._place.write(lambda s: workspaces.audit(s, person, "credentials.issue", workspace_id, **kinds))
        return Credentials(storage, database)

    async def issue_for_mount(self, workspace_id: str, part: Part) -> StorageCredentials | None:
        """Credentials for the hub's own mount of a part of a workspace; None when there is nothing to mount.

        Raises IssueFailedError.
        """
        ids = await self._place.read(workspaces.ids)
        if self._place.settings.objects is None or workspace_id not in ids:
            return None
        access: Access = "write" if part == "notebooks" else "read"
        issued = await asyncio.to_thread(self._storage.issue, workspace_id, MOUNT, access, part)
        kinds = {"storage": issued.kind, "access": access, "part": part}
        await self._place.write(lambda s: workspaces.audit(s, MOUNT, "credentials.issue", workspace_id, **kinds))
        return issued

    async def refuse(self, person: str, slug: str) -> None:
        """Write down that somebody asked for what is not theirs; of a flood only the beginning."""
        if self._refused.wait_for(person):
            return
        self._refused.failed(person)
        await self._place.write(lambda s: workspaces.audit(s, person, "credentials.refuse", None, slug=slug[:100]))

    async def _access(self, person: str, slug: str) -> tuple[str, Access] | None:
        if person == dashboard_user(slug):
            workspace = await self._place.read(lambda s: workspaces.by_slug(s, slug))
            return (workspace.id, "read") if workspace else None
        member = await self._place.read(lambda s: workspaces.membership(s, person, slug))
        return (member.workspace.id, "write") if member and member.role in WORKING_ROLES else None


def broker_of(place: Place, databases: DatabaseIssuer) -> Broker:
    """The broker that the settings ask for."""
    return Broker(place, storage_issuer(place.settings), databases)


def database_issuer(settings: Settings) -> DatabaseIssuer:
    """What issues logins for the kind of database that the settings name."""
    return PostgresDatabases(settings.database_url) if settings.database == "postgresql" else SqliteDatabases()


def storage_issuer(settings: Settings) -> StorageIssuer:
    """What issues credentials for the kind of storage that the settings name."""
    return SessionStorage(settings.objects) if settings.objects else LocalStorage(settings)
