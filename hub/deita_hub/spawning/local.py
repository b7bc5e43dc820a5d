"""A person's server in a workspace as a process on this machine.

With bubblewrap each server has walls around it (`sandbox`). Without, it runs as the user that runs Deita and nothing
separates two people's servers, which is why anyone but the local owner is refused unless Deita was told to trust
everyone. Servers outlive the hub: after a restart it adopts those whose process is the same.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
from pathlib import Path
from typing import Any

from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.utils import random_port
from traitlets import default

from deita_hub import bucket_mounts, doors, mounts, processes, storage
from deita_hub.bucket_mounts import MountError
from deita_hub.launching import Launch, Limits
from deita_hub.processes import ProcessIdentity
from deita_hub.sandbox import view
from deita_hub.spawning.workspace import PASSED_ON, WorkspaceSpawner

ANSWER_SECONDS = 1.0
"""How long a request to a server that starts waits before it is looked at again."""


class LocalSpawner(WorkspaceSpawner, LocalProcessSpawner):
    """Starts `python -m deita_server`, in a sandbox where there can be one."""

    passed_on = ("PATH", "HOME", "TMPDIR", *PASSED_ON)
    proc: subprocess.Popen[bytes] | None
    identity: ProcessIdentity | None
    listener: socket.socket | None
    stored: mounts.Bytes | None

    def __init__(self, **options: Any) -> None:
        self.identity = self.listener = self.stored = None
        super().__init__(**options)

    @default("poll_seconds")
    def _poll_seconds(self) -> float:
        return 0.02

    @property
    def record(self) -> str:
        """The name of this server's record among the running ones."""
        return f"{self.user.name}--{self.name}"

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """Nothing of the system's users: people of Deita have no accounts on the machine."""
        return env

    def get_env(self) -> dict[str, str]:
        """What every server is told, the lifeline, and what one without a network needs."""
        settings = self.place.settings
        env = {**super().get_env(), "DEITA_LIFELINE": str(settings.lifeline)}
        if self.is_dashboards and settings.database == "sqlite":
            env["DEITA_COPIES"] = str(storage.copies_folder(settings, env["DEITA_WORKSPACE_ID"]))
        if self.stored is not None:
            env["DEITA_MOUNT"] = str(self.stored.files)
            if self.stored.notebooks is not None:
                env["DEITA_NOTEBOOKS"] = str(self.stored.notebooks)
        if self.listener is not None:
            env.update(DEITA_DOORS=str(doors.folder(settings)), DEITA_LISTENER=str(self.listener.fileno()))
        return env

    async def launch(self, folder: Path, own: Path) -> tuple[str, int]:
        """Start the process, behind its walls, and wait until it answers."""
        self._take_port()
        try:
            await self._run(folder, own)
        finally:
            self._let_go()
        await self.listening(("127.0.0.1", self.port))
        return ("127.0.0.1", self.port)

    async def _run(self, folder: Path, own: Path) -> None:
        settings, person = self.place.settings, self.user.name
        if self.is_dashboards:
            await asyncio.to_thread(storage.make_copies_folder, settings, folder.name)
        self.stored = await self._stored(folder)
        mounted = self.stored.mounted if self.stored is not None else None
        walls: list[str] = []
        if settings.sandbox == "bubblewrap":
            walls, self.own = view.options(settings, folder, person, mounted), own
        limits = Limits(settings.server_memory, settings.server_processes)
        command, log = [*self.cmd, *self.get_args()], settings.server_log(person, self.name)
        handed = () if self.listener is None else (self.listener.fileno(),)
        self.proc, self.identity = await Launch(command, self.get_env(), folder, log, limits, walls, handed).run()
        self.pid = self.identity.pid if self.identity is not None else self.proc.pid
        if self.identity is not None:
            processes.remember(settings.servers_dir, self.record, self.identity)
            if self.stored is not None and settings.objects is not None:
                bucket_mounts.read_by(settings, folder.name, self.record, self.identity)

    async def _stored(self, folder: Path) -> mounts.Bytes | None:
        """Where the server finds stored bytes as files: not viewers' server, whose kernels do without.

        A mount that cannot be made is no reason not to start.
        """
        if self.is_dashboards:
            return None
        try:
            return await mounts.bytes_of(self.place.settings, folder.name, folder)
        except MountError as error:
            self.log.warning("The files of %s have no paths: %s", self._log_name, error)
            return None

    def _take_port(self) -> None:
        """A port for the server. A server without a network cannot open it itself: it is handed the open socket."""
        if self.place.settings.sandbox_network == "none":
            self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
            self.port = self.listener.getsockname()[1]
        else:
            self.port = random_port()

    def _let_go(self) -> None:
        """The socket is the server's alone from now on: when it ends, nobody is left who seems to listen."""
        if self.listener is not None:
            self.listener.close()

    async def answers(self, host: str, port: int) -> bool:
        """Whether it can be connected to; a socket that was handed in always can, so that it is asked something."""
        if self.listener is None:
            return await super().answers(host, port)
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(f"GET {self.server.base_url}api HTTP/1.0\r\n\r\n".encode())
            return bool(await asyncio.wait_for(reader.read(1), ANSWER_SECONDS))
        finally:
            writer.close()

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

    async def poll(self) -> int | str | None:
        """None while the server runs, by its own process: an adopted pid counts only if it is still the same one."""
        if self.identity is not None and self.identity.alive():
            return None
        if self.proc is not None:
            return await super().poll()
        self.clear_state()
        return 0

    async def stop(self, now: bool = False) -> None:
        """Ask the server to end and make it after `term_timeout` seconds; its process group goes with it."""
        await self.note_silence()
        if not now and self.identity is not None and await self.poll() is None:
            self.identity.ask_to_end()
            await self.wait_for_death(self.term_timeout)
        if self.identity is not None and await self.poll() is None:
            self.identity.make_end()
            await self.wait_for_death(self.kill_timeout)
        if await self.poll() is None:
            self.log.error("The server %s does not end", self._log_name)
