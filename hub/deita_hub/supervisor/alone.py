"""One program of the hub side by itself, as containers and units run them: something else starts and watches it.

The process becomes the program, so that signals reach it and its log is what it prints. What `deita up` does for all is
done by the hub here: it holds `up.lock` and writes `up.json`, by which other `deita` commands on this DEITA_HOME find
it. Servers that are processes of this machine (`DEITA_SPAWNER=local`) end with the hub: it holds their lifeline.
"""

from __future__ import annotations

import os
from dataclasses import replace

from deita_hub import isolation, profile, secret_files
from deita_hub.lifeline import FileLock, LockBusyError
from deita_hub.settings import Ports, Settings, SettingsError
from deita_hub.supervisor import states
from deita_hub.supervisor.programs import Program, program

PORTS = Ports(hub=8081, proxy_api=8001, service=8082, egress=8083, proxy_metrics=8084)
"""Where the programs listen that no setting gives a port: they have to find each other."""
BUSY_SECONDS = 15.0
"""How long is waited for the hub before this one, which may be ending."""


class AloneError(Exception):
    """The program cannot start; the message says why."""


def run(name: str, settings: Settings) -> None:
    """Become the program. Raises `SettingsError` or `AloneError` when it cannot be."""
    os.umask(0o077)
    chosen = prepared(name, settings)
    become(program(name, chosen, secret_files.load(chosen).proxy_token if name == "proxy" else ""))


def prepared(name: str, settings: Settings) -> Settings:
    """The settings with which this program starts. Raises `SettingsError` for what is missing."""
    if settings.supervised:
        raise SettingsError("DEITA_SUPERVISED is for the children of `deita up`: unset it.")
    if name == "egress" and not settings.egress:
        raise SettingsError("Without DEITA_EGRESS_ALLOW there is no way out to run.")
    if name == "docker-proxy" and settings.spawner.kind != "docker":
        raise SettingsError("docker-proxy is for DEITA_SPAWNER=docker.")
    if name == "hub" or settings.spawner.is_local:  # only the hub asks the engine or the cluster
        settings = isolation.resolve(settings)
        profile.check(settings)
    if name in ("hub", "control-plane"):
        for folder in (settings.home, settings.storage):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    given = {each: getattr(settings.ports, each) or getattr(PORTS, each) for each in vars(PORTS)}
    return replace(settings, ports=Ports(**given))


def become(found: Program) -> None:
    """Replace this process."""
    os.execve(found.command[0], found.command, found.environment)  # our own command


def hold(settings: Settings) -> None:
    """In the hub: let no other hub in on this DEITA_HOME while this process lives. Raises `AloneError`."""
    for path in (settings.home / "up.lock", settings.lifeline):
        try:
            FileLock(path).acquire(timeout=BUSY_SECONDS)
        except LockBusyError:
            raise AloneError("Deita already runs on this DEITA_HOME; stop it first.") from None


def tell(settings: Settings) -> None:
    """In the hub, once it answers: say where Deita is."""
    states.write(settings.state_file, states.of(settings))
