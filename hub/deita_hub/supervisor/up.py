"""The life of `deita up`: take the locks, start everything, say where it is, watch over it, stop everything.

Nothing is started before it is sure that it can be: locks, secrets, ports and programs are checked first.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from dataclasses import replace

import httpx

from deita_hub import bucket_mounts, isolation, processes, profile, secret_files
from deita_hub.addresses import API, sign_in_url
from deita_hub.lifeline import FileLock, LockBusyError
from deita_hub.secret_files import Secrets
from deita_hub.settings import OWNER, Ports, Settings, SettingsError
from deita_hub.spawning.settings import HERE
from deita_hub.supervisor import logs, states
from deita_hub.supervisor.children import Child, ChildBrokenError
from deita_hub.supervisor.programs import programs

LEFTOVER_SECONDS = 30.0
READY_SECONDS = 120.0
STOP_SECONDS = 4.0
ROTATE_SECONDS = 5.0


class UpError(Exception):
    """Deita cannot start or go on; the message says why."""


class Up:
    """One run of Deita."""

    def __init__(self, settings: Settings, secrets: Secrets, *, as_json: bool = False) -> None:
        self.settings, self.secrets, self._as_json = settings, secrets, as_json
        self._children = [Child(program, settings, say) for program in programs(settings, secrets)]
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Start everything, stay until SIGINT or SIGTERM, stop everything. Raises `UpError`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop.set)
        tasks: list[asyncio.Task[None]] = []
        try:
            await asyncio.gather(*(child.start() for child in self._children))
            tasks = [asyncio.create_task(self._watch(child)) for child in self._children]
            tasks.append(asyncio.create_task(self._announce()))
            tasks.append(asyncio.create_task(self._rotate()))
            await self._until_stopped(tasks)
        finally:
            say("Stopping …")
            self.settings.state_file.unlink(missing_ok=True)
            await self._stop_everything()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _until_stopped(self, tasks: list[asyncio.Task[None]]) -> None:
        """Wait for a signal, or for a task that fails: then there is no going on."""
        asked = asyncio.create_task(self._stop.wait())
        running: set[asyncio.Task[None]] = set(tasks)
        while running and not asked.done():
            done, _ = await asyncio.wait({asked, *running}, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task in done:
                    running.discard(task)
                    task.result()
        asked.cancel()

    async def _watch(self, child: Child) -> None:
        async def restarted() -> None:
            if child.program.name == "proxy":
                await self._restore_routes()

        try:
            await child.keep(restarted)
        except ChildBrokenError as error:
            raise UpError(str(error)) from error

    async def _restore_routes(self) -> None:
        """A fresh proxy knows no routes: have the hub tell it at once instead of at its next round."""
        await self._answers(f"{self.settings.origins.local}/hub/health")
        headers = {"Authorization": f"token {self.secrets.operator_token}"}
        async with httpx.AsyncClient(timeout=20.0, trust_env=False) as client:
            with contextlib.suppress(httpx.HTTPError):  # the hub may be falling over too: its start restores the routes
                await client.post(f"{self.settings.hub_api_url}/proxy", headers=headers)

    async def _answers(self, url: str, seconds: float = 20.0) -> bool:
        """Wait until the address answers 200."""
        deadline = time.monotonic() + seconds
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(url, headers=self.settings.origins.names())).status_code == 200:
                        return True
                await asyncio.sleep(0.05)
        return False

    async def _announce(self) -> None:
        """Wait until everything answers, then print the one line."""
        hub = f"{self.settings.hub_url}/hub/health"
        everything = f"{self.settings.origins.local}{API}/health"
        if not (await self._answers(hub, READY_SECONDS) and await self._answers(everything, READY_SECONDS)):
            raise UpError("Deita did not get ready: see the logs folder in Deita's folder.")
        token = await asyncio.to_thread(self._first_link)
        state = states.of(self.settings)
        states.write(self.settings.state_file, state)
        link = sign_in_url(self.settings.public_url, token)
        line = json.dumps({**state, "link": link}) if self._as_json else f"Deita is ready at {link}"
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def _first_link(self) -> str:
        # imported late: the database library takes as long to load as the hub needs to start
        from deita_hub.catalog import people
        from deita_hub.catalog.database import Catalog

        catalog = Catalog(self.settings.database_url)
        try:
            with catalog.write() as session:
                return people.make_link(session, OWNER, people.FIRST_LINK_LIFETIME)
        finally:
            catalog.close()

    async def _rotate(self) -> None:
        while True:
            await asyncio.sleep(ROTATE_SECONDS)
            here = self.settings
            await asyncio.to_thread(logs.rotate, here.logs_dir, here.log_bytes, here.log_days)

    async def _stop_everything(self) -> None:
        """The hub first asks nobody any more, so servers are ended here, all at the same time."""
        await asyncio.gather(*(child.stop(STOP_SECONDS) for child in self._children))
        await asyncio.to_thread(processes.end, processes.remembered(self.settings.servers_dir).values(), STOP_SECONDS)
        await asyncio.to_thread(bucket_mounts.end_all, self.settings)


def say(text: str) -> None:
    """Progress is for people who watch: it goes to stderr, stdout has the one line."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def up(settings: Settings, *, as_json: bool = False) -> None:
    """Run Deita until it is told to stop. Raises `UpError` or `SettingsError` when it cannot."""
    os.umask(0o077)
    settings = replace(isolation.resolve(settings), supervised=True)
    profile.check(settings)
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    only, lifeline = FileLock(settings.home / "up.lock"), FileLock(settings.lifeline)
    try:
        only.acquire()
    except LockBusyError:
        raise UpError("Deita already runs on this DEITA_HOME; stop it first, or choose another DEITA_HOME.") from None
    try:
        _end_leftovers(settings, lifeline)
        secrets = secret_files.load(settings)
        check_port(settings.ports.public, settings.proxy_listen)
        chosen = replace(settings, ports=_internal_ports(settings.ports))
        settings.storage.mkdir(mode=0o700, parents=True, exist_ok=True)
        if settings.trust_everyone and not isolation.walled(settings):
            say("Warning: everyone is trusted. Whoever has a workspace here can reach the files of all others.")
        say("Starting Deita …")
        asyncio.run(Up(chosen, secrets, as_json=as_json).run())
    finally:
        lifeline.release()
        only.release()


def _end_leftovers(settings: Settings, lifeline: FileLock) -> None:
    """Wait for the processes of an earlier run to be gone; they end themselves, recorded servers are made to."""
    processes.end(processes.remembered(settings.servers_dir).values(), grace=5.0)
    bucket_mounts.end_all(settings)
    try:
        lifeline.acquire(timeout=0.5)
    except LockBusyError:
        say("Waiting for the processes of an earlier run to end …")
        try:
            lifeline.acquire(timeout=LEFTOVER_SECONDS)
        except LockBusyError:
            raise UpError("Processes of an earlier run on this DEITA_HOME do not end; stop them first.") from None


def check_port(port: int, host: str = HERE) -> None:
    """Raise `UpError` unless the port can be listened on."""
    if not port:
        raise SettingsError("DEITA_PORT must be a port number from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UpError(f"Port {port} cannot be used ({error.strerror}): choose another with DEITA_PORT.") from error


def _internal_ports(given: Ports) -> Ports:
    """Free ports for the processes behind the proxy that have none yet, all found at once so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(5)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        hub, proxy_api, service, egress, metrics = (each.getsockname()[1] for each in sockets)
    chosen = {"hub": hub, "proxy_api": proxy_api, "service": service, "egress": egress, "proxy_metrics": metrics}
    return replace(given, **{name: getattr(given, name) or port for name, port in chosen.items()})
