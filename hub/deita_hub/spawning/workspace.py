"""Deita's part of a spawner, whatever the server is started with: who may have it, and what it is told.

It stands before one of JupyterHub's spawners (`class Local(WorkspaceSpawner, LocalProcessSpawner)`), which starts,
watches, stops and, after a restart of the hub, knows the server again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.spawner import Spawner
from tornado import web
from traitlets import Float, default

from deita_hub import isolation, scrape_tokens, storage
from deita_hub.catalog import workspaces
from deita_hub.catalog.workspaces import VIEWER, WORKING_ROLES, Membership
from deita_hub.launching import StartFailedError
from deita_hub.names import dashboard_user
from deita_hub.place import KEY, Place

PASSED_ON = ("LANG", "LC_ALL", "TZ", "DEITA_CACHE_BYTES")
ENGINE_SETTINGS = "DEITA_ENGINE_"
SCOPES = ["users:activity!user", "access:servers!server"]
"""What a workspace server may do at the hub: say that it is used, and know who may enter it."""


class WorkspaceSpawner(Spawner):
    """One server per person and workspace: the server's name is the workspace's slug."""

    poll_seconds = Float(0.2, help="How often `start` looks whether the new server listens.").tag(config=True)
    passed_on: tuple[str, ...] = PASSED_ON
    """Variables of the hub that a server gets, too."""
    member: Membership | None
    own: Path | None
    """The person's folder, where it is the server's HOME."""

    def __init__(self, **options: Any) -> None:
        self.member = self.own = None
        super().__init__(**options)

    @property
    def place(self) -> Place:
        """The installation that this server belongs to."""
        place: Place = self.user.settings[KEY]
        return place

    @property
    def is_dashboards(self) -> bool:
        """Whether this is the server of a workspace's viewers."""
        return bool(self.user.name == dashboard_user(self.name))

    @property
    def only_reads(self) -> bool:
        """Whether it can do with a workspace that it cannot write to: SQLite is read by who may write beside it."""
        return self.is_dashboards and self.place.settings.database != "sqlite"

    @default("server_token_scopes")
    def _server_token_scopes(self) -> list[str]:
        return SCOPES

    @default("env_keep")
    def _env_keep(self) -> list[str]:
        return [*self.passed_on, *(name for name in os.environ if name.startswith(ENGINE_SETTINGS))]

    @default("cmd")
    def _cmd(self) -> list[str]:
        return list(self.place.settings.server_command)

    @default("hub_connect_url")
    def _hub_connect_url(self) -> str:
        return self.place.settings.hub_url_for_servers

    def get_env(self) -> dict[str, str]:
        """JupyterHub's variables and ours, of which ARCHITECTURE.md has the list."""
        assert self.member is not None, "membership is checked before the environment is made"
        settings, workspace = self.place.settings, self.member.workspace
        env: dict[str, str] = super().get_env()
        env.update(
            DEITA_WORKSPACE_ID=workspace.id,
            DEITA_WORKSPACE=workspace.slug,
            DEITA_WORKSPACE_NAME=workspace.name,
            DEITA_PERSON=self.user.name,
            DEITA_ROLE=self.member.role,
            DEITA_STORAGE_URL=storage.url(settings, workspace.id),
            DEITA_PUBLIC_URL=settings.public_url,
            DEITA_CONTROL_PLANE=settings.control_plane_url_for_servers,
            DEITA_DATABASE=settings.database,
            DEITA_ISOLATION=isolation.name(settings),
            DEITA_LOG_FORMAT=settings.log_format,
            DEITA_METRICS_TOKEN=scrape_tokens.of_server(self.place.metrics_token, self.user.name, workspace.slug),
        )
        if settings.objects is not None:
            env["DEITA_LOCAL"] = str(storage.folder(settings, workspace.id))
        if settings.quota_bytes is not None:
            env["DEITA_QUOTA_BYTES"] = str(settings.quota_bytes)
        if settings.mounts != "none" and settings.objects is None and not self.is_dashboards:
            env["DEITA_MOUNT"] = str(storage.folder(settings, workspace.id) / "files")
        if settings.egress and not self.is_dashboards:
            env["DEITA_EGRESS"] = settings.egress_url_for_servers
        if self.own is not None:
            env.update(HOME=str(self.own), TMPDIR="/tmp")
        return {name: value for name, value in env.items() if value is not None}

    async def start(self) -> tuple[str, int] | str:
        """Start the server and return as soon as it listens: the hub's own waiting notices seconds later."""
        self.member = await self._membership()
        workspace, settings = self.member.workspace, self.place.settings
        await self.place.write(lambda s: workspaces.clear_failure(s, workspace.id, self.user.name))
        try:
            folder = await asyncio.to_thread(storage.make_folder, settings, workspace.id)
            own = await asyncio.to_thread(storage.make_personal_folder, folder, self.user.name)
            return await self.launch(folder, own)
        except Exception as error:  # whatever it was is told to who waits, and raised again
            await self._remember_failure(self.reason(error))
            raise

    async def launch(self, folder: Path, own: Path) -> tuple[str, int] | str:
        """Start it with these folders, the workspace's and the person's in it; returns where it listens."""
        self.own = own
        if self.place.settings.spawner.user is not None:
            await asyncio.to_thread(storage.give, (folder, own.parent, own), self.place.settings.spawner.uid)
        self.arrange(folder, own)
        where: tuple[str, int] | str = await super().start()
        await self.listening(where)
        return where

    def arrange(self, folder: Path, own: Path) -> None:
        """Tell the spawner behind this one what the server may see."""
        raise NotImplementedError

    def reason(self, error: Exception) -> str:
        """Why a start failed, for the person who waits for it."""
        return str(error) if isinstance(error, StartFailedError) else "it could not be started"

    async def listening(self, where: tuple[str, int] | str) -> None:
        """Wait until it answers there. Raises `StartFailedError` when the server ends first or takes too long."""
        deadline = asyncio.get_running_loop().time() + self.start_timeout - 2
        while asyncio.get_running_loop().time() < deadline:
            code = await self.poll()
            if code is not None:
                said = code if isinstance(code, str) else f"exit code {code}"
                raise StartFailedError(f"the server ended while starting ({said})")
            with contextlib.suppress(OSError):
                if await self.answers(*_host_and_port(where)):
                    return
            await asyncio.sleep(self.poll_seconds)
        raise StartFailedError(f"the server did not answer within {self.start_timeout} seconds")

    async def answers(self, host: str, port: int) -> bool:
        """Whether it can be connected to."""
        _, writer = await asyncio.open_connection(host, port)
        writer.close()
        return True

    async def poll(self) -> int | str | None:
        """None while the server runs, else how it ended."""
        ended: int | str | None = await super().poll()
        return ended

    async def stop(self, now: bool = False) -> None:
        """Stop the server; one that the hub waited for in vain is remembered as failed."""
        await self.note_silence()
        await super().stop(now)

    async def note_silence(self) -> None:
        """Keep that the server listened but did not answer, if that is why it is stopped."""
        if self._waiting_for_response:
            await self._remember_failure("the server listened but did not answer")

    async def _membership(self) -> Membership:
        """The person's place in the workspace. Raises 403, never telling whether the workspace exists."""
        name: str = self.user.name
        if not self.name:
            raise web.HTTPError(403, "Servers belong to workspaces: open one on the home page.")
        if not isolation.admits(name, self.place.settings):
            raise web.HTTPError(403, "Without sandboxes only the local owner may work here: deita up --trust-everyone.")
        if self.is_dashboards:
            return await self._dashboards()
        member = await self.place.read(lambda session: workspaces.membership(session, name, self.name))
        if member is None or member.role not in WORKING_ROLES:
            raise web.HTTPError(403, "You are not a member of this workspace.")
        return member

    async def _dashboards(self) -> Membership:
        """What the dashboard server is in its workspace: a viewer that stands for all."""
        workspace = await self.place.read(lambda session: workspaces.by_slug(session, self.name))
        if workspace is None:
            raise web.HTTPError(403, "There is no such workspace.")
        return Membership(workspace, VIEWER)

    async def _remember_failure(self, reason: str) -> None:
        """Keep why the start failed, so that the control plane can say it while no server runs."""
        if self.member is not None:
            workspace_id, person = self.member.workspace.id, self.user.name
            await self.place.write(lambda s: workspaces.record_failure(s, workspace_id, person, reason))


def _host_and_port(where: tuple[str, int] | str) -> tuple[str, int]:
    if isinstance(where, str):
        parts = urlsplit(where)
        return parts.hostname or "", parts.port or 80
    return where
