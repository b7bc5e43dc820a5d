"""Starting a person's server in a workspace as a process on this machine.

Runs as the user that runs Deita: nothing separates two people's servers yet, which is why anyone but the local owner
is refused unless Deita was told to trust everyone. Servers outlive the hub: after a restart it adopts those whose
process is the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from typing import Any

from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.utils import random_port
from tornado import web
from traitlets import Float, default

from deita_hub import processes, storage
from deita_hub.catalog import workspaces
from deita_hub.catalog.workspaces import WORKING_ROLES, Membership
from deita_hub.place import KEY, Place
from deita_hub.processes import ProcessIdentity
from deita_hub.settings import OWNER

PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "TMPDIR")
ENGINE_SETTINGS = "DEITA_ENGINE_"
SCOPES = ["users:activity!user", "access:servers!server"]
"""What a workspace server may do at the hub: say that it is used, and know who may enter it."""


class StartFailedError(Exception):
    """The server did not start; the message is for the person who waits for it."""


class WorkspaceSpawner(LocalProcessSpawner):
    """One server per person and workspace: the server's name is the workspace's slug."""

    poll_seconds = Float(0.02, help="How often `start` looks whether the new server listens.").tag(config=True)
    proc: subprocess.Popen[bytes] | None
    identity: ProcessIdentity | None
    member: Membership | None

    def __init__(self, **options: Any) -> None:
        self.identity = self.member = None
        super().__init__(**options)

    @property
    def place(self) -> Place:
        """The installation that this server belongs to."""
        place: Place = self.user.settings[KEY]
        return place

    @property
    def record(self) -> str:
        """The name of this server's record among the running ones."""
        return f"{self.user.name}--{self.name}"

    @default("server_token_scopes")
    def _server_token_scopes(self) -> list[str]:
        return SCOPES

    @default("env_keep")
    def _env_keep(self) -> list[str]:
        return [*PASSED_ON, *(name for name in os.environ if name.startswith(ENGINE_SETTINGS))]

    @default("cmd")
    def _cmd(self) -> list[str]:
        return list(self.place.settings.server_command)

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """Nothing of the system's users: people of Deita have no accounts on the machine."""
        return env

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
            DEITA_STORAGE_URL=storage.folder(settings, workspace.id).as_uri(),
            DEITA_PUBLIC_URL=settings.public_url,
            DEITA_LIFELINE=str(settings.lifeline),
            DEITA_ISOLATION="none",
        )
        if settings.quota_bytes is not None:
            env["DEITA_QUOTA_BYTES"] = str(settings.quota_bytes)
        return {name: value for name, value in env.items() if value is not None}

    async def start(self) -> tuple[str, int]:
        """Start the server and return as soon as it listens: the hub's own waiting notices seconds later."""
        self.member = await self._membership()
        workspace = self.member.workspace
        await self.place.write(lambda s: workspaces.clear_failure(s, workspace.id, self.user.name))
        try:
            await self._launch(workspace.id)
            await self._listening()
        except (StartFailedError, OSError) as error:
            await self._remember_failure(
                str(error) if isinstance(error, StartFailedError) else "it could not be started"
            )
            raise
        return ("127.0.0.1", self.port)

    async def _membership(self) -> Membership:
        """The person's place in the workspace. Raises 403, never telling whether the workspace exists."""
        name: str = self.user.name
        if not self.name:
            raise web.HTTPError(403, "Servers belong to workspaces: open one on the home page.")
        if name != OWNER and not self.place.settings.trust_everyone:
            raise web.HTTPError(403, "Without sandboxes only the local owner may work here: deita up --trust-everyone.")
        member = await self.place.read(lambda session: workspaces.membership(session, name, self.name))
        if member is None or member.role not in WORKING_ROLES:
            raise web.HTTPError(403, "You are not a member of this workspace.")
        return member

    async def _launch(self, workspace_id: str) -> None:
        settings = self.place.settings
        self.port = random_port()
        folder = await asyncio.to_thread(storage.make_folder, settings, workspace_id)
        log_path = settings.server_log(self.user.name, self.name)
        log_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self.proc = subprocess.Popen(  # noqa: ASYNC220 - a fork takes milliseconds; JupyterHub polls a plain Popen
                [*self.cmd, *self.get_args()],
                env=self.get_env(),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,
            )
        finally:
            os.close(descriptor)
        self.pid = self.proc.pid
        self.identity = ProcessIdentity.of(self.pid)
        if self.identity is not None:
            processes.remember(settings.servers_dir, self.record, self.identity)

    async def _listening(self) -> None:
        """Wait until the port answers. Raises `StartFailedError` when the process ends first or takes too long."""
        deadline = asyncio.get_running_loop().time() + self.start_timeout - 2
        while asyncio.get_running_loop().time() < deadline:
            code = await self.poll()
            if code is not None:
                raise StartFailedError(f"the server ended while starting (exit code {code})")
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(self.poll_seconds)
        raise StartFailedError(f"the server did not answer within {self.start_timeout} seconds")

    async def _remember_failure(self, reason: str) -> None:
        """Keep why the start failed, so that the control plane can say it while no server runs."""
        if self.member is not None:
            workspace_id, person = self.member.workspace.id, self.user.name
            await self.place.write(lambda s: workspaces.record_failure(s, workspace_id, person, reason))

    def load_state(self, state: dict[str, Any]) -> None:
        """After a restart of the hub: the process that was ours."""
        super().load_state(state)
        if "pid" in state and "started" in state:
            self.identity = ProcessIdentity(state["pid"], state["started"])

    def get_state(self) -> dict[str, Any]:
        """What is needed to know the process again."""
        state: dict[str, Any] = super().get_state()
        if self.identity is not None and self.pid:
            state["started"] = self.identity.started
        return state

    def clear_state(self) -> None:
        """The process is gone."""
        if self.name:
            processes.forget(self.place.settings.servers_dir, self.record)
        super().clear_state()
        self.identity = None

    async def poll(self) -> int | None:
        """None while the server runs. An adopted pid counts only if it is still the same process."""
        if self.proc is not None:
            status: int | None = await super().poll()
            return status
        if self.identity is not None and self.identity.alive():
            return None
        self.clear_state()
        return 0

    async def stop(self, now: bool = False) -> None:
        """Ask the server to end and make it after `term_timeout` seconds; its process group goes with it."""
        if self._waiting_for_response:
            await self._remember_failure("the server listened but did not answer")
        if not now and self.identity is not None and await self.poll() is None:
            self.identity.ask_to_end()
            await self.wait_for_death(self.term_timeout)
        if self.identity is not None and await self.poll() is None:
            self.identity.make_end()
            await self.wait_for_death(self.kill_timeout)
        if await self.poll() is None:
            self.log.error("The server %s does not end", self._log_name)
