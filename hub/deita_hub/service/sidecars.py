"""What runs beside each dashboard server and writes for it, since it may only read its workspace.

First the workspace's database is brought up to date, then, on SQLite, its files are copied as often as something is
committed. Both open what the workspace's members have written, so that they are programs of the workspace's side,
behind walls of their own, and nothing of it is opened in this process. Which dashboard servers run is told by the
spawner's records: also to a control plane that was started again, whose predecessor's programs ended with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import PIPE

from sqlalchemy.exc import SQLAlchemyError

from deita_hub import processes, storage
from deita_hub.broker.databases import DatabaseIssuer
from deita_hub.broker.storage import IssueFailedError
from deita_hub.catalog import workspaces
from deita_hub.names import dashboard_user
from deita_hub.place import Place
from deita_hub.processes import ProcessIdentity
from deita_hub.sandbox import bubblewrap, system_calls, view

MIGRATE = (sys.executable, "-P", "-m", "deita_server.migrate")
COPY = (sys.executable, "-P", "-m", "deita_server.copies")
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ")
LOOK_S = 0.5
AGAIN_S = 10.0
"""Between two attempts at something that failed."""
END_S = 3.0
MIGRATION = "migration of the database"
"""To whom its login is issued: no person can have this name."""
log = logging.getLogger("uvicorn.error")


class EndedError(Exception):
    """A program ended that should not have."""


class Sidecars:
    """Keeps one going for each dashboard server that runs on this machine."""

    def __init__(self, place: Place, databases: DatabaseIssuer) -> None:
        self._place, self._databases = place, databases
        self._beside: dict[str, tuple[ProcessIdentity, asyncio.Task[None]]] = {}

    async def keep(self) -> None:
        """Do so for ever."""
        try:
            while True:
                await self.follow()
                await asyncio.sleep(LOOK_S)
        finally:
            await self._end(list(self._beside))

    async def follow(self) -> None:
        """Begin beside servers that began, end beside those that ended."""
        servers = await asyncio.to_thread(self._servers)
        await self._end([slug for slug, (server, _) in self._beside.items() if servers.get(slug) != server])
        for slug in servers.keys() - self._beside.keys():
            self._beside[slug] = servers[slug], asyncio.create_task(self._serve(slug))

    def _servers(self) -> dict[str, ProcessIdentity]:
        found = processes.remembered(self._place.settings.servers_dir)
        slugs = {name: name.partition("--")[2] for name in found}
        return {slug: found[name] for name, slug in slugs.items() if name == f"{dashboard_user(slug)}--{slug}"}

    async def _end(self, slugs: Sequence[str]) -> None:
        tasks = [self._beside.pop(slug)[1] for slug in slugs]
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                log.error("what runs beside a dashboard server failed", exc_info=ended)

    async def _serve(self, slug: str) -> None:
        """Do everything for one server, again where something fails."""
        while True:
            try:
                workspace = await self._place.read(lambda session: workspaces.by_slug(session, slug))
                if workspace is None:
                    return
                await self._migrate(workspace.id, slug)
                if self._place.settings.database != "sqlite":
                    return
                target = storage.copies_folder(self._place.settings, workspace.id)
                await self._run((*COPY, str(self._folder(workspace.id)), str(target)), workspace.id, slug)
                raise EndedError("it ended")
            except (OSError, EndedError, IssueFailedError, SQLAlchemyError) as error:
                log.warning("beside the dashboard server of %s: %s; it is tried again", slug, error)
            await asyncio.sleep(AGAIN_S)

    def _folder(self, workspace_id: str) -> Path:
        return storage.folder(self._place.settings, workspace_id)

    async def _migrate(self, workspace_id: str, slug: str) -> None:
        """Bring the workspace's database up to date, with a login that ends right afterwards."""
        issued = await asyncio.to_thread(self._databases.issue, workspace_id, MIGRATION, "write")
        names = ("kind", "url", "schema", "lake_schema")
        line = json.dumps({name: getattr(issued, name) for name in names}) + "\n"
        try:
            code = await self._run((*MIGRATE, str(self._folder(workspace_id))), workspace_id, slug, line)
        finally:
            await asyncio.to_thread(self._databases.revoke, workspace_id, MIGRATION)
        if code:
            raise EndedError("the database could not be brought up to date; the server's log says why")

    async def _run(self, command: Sequence[str], workspace_id: str, slug: str, line: str = "") -> int:
        """Run a program to its end, which comes when its standard input is closed; returns its exit code."""
        settings = self._place.settings
        environment = {name: settings.environ[name] for name in PASSED_ON if name in settings.environ}
        with settings.server_log(dashboard_user(slug), slug).open("ab") as output, system_calls.opened() as filters:
            walls: list[str] = []
            if settings.sandbox == "bubblewrap":
                seen = view.beside_dashboards(settings, self._folder(workspace_id))
                walls = [bubblewrap.PROGRAM, *seen, *bubblewrap.filtered(filters), "--"]
            process = await asyncio.create_subprocess_exec(
                *walls, *command, stdin=PIPE, stdout=output, stderr=output, env=environment, cwd="/", pass_fds=filters
            )
        assert process.stdin is not None, "it was asked for"
        try:
            process.stdin.write(line.encode())
            await process.stdin.drain()
            return await process.wait()
        finally:
            process.stdin.close()
            await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_S):
            await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()
