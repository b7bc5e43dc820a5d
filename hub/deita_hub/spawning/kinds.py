"""Which way of starting servers is chosen: its walls, and its spawner.

Each is loaded when it is needed. The libraries of all but the local one are optional, and walls are asked about by
programs that are quicker without JupyterHub's modules.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, cast

from deita_hub.settings import Settings, SettingsError

if TYPE_CHECKING:
    from deita_hub.spawning.workspace import WorkspaceSpawner

WALLS = {
    "local": "deita_hub.sandbox.walls",
    "docker": "deita_hub.spawning.docker_engine",
    "kubernetes": "deita_hub.spawning.kubernetes_cluster",
    "systemd": "deita_hub.spawning.systemd_machine",
}
SPAWNERS = {
    "local": ("deita_hub.spawning.local", "LocalSpawner"),
    "docker": ("deita_hub.spawning.docker", "DockerWorkspaceSpawner"),
    "kubernetes": ("deita_hub.spawning.kubernetes", "KubernetesWorkspaceSpawner"),
    "systemd": ("deita_hub.spawning.systemd", "SystemdWorkspaceSpawner"),
}


class Walls(Protocol):
    """What such a module has."""

    def resolve(self, settings: Settings) -> Settings:
        """Settings with what is found out at the start. Raises `SettingsError` for what is missing."""

    def described(self, settings: Settings) -> str:
        """What stands between people, and what it does not protect against. Raises `SettingsError`."""


def walls(settings: Settings) -> Walls:
    """The walls of the kind that is set. Raises `SettingsError` when its library is not installed."""
    return cast(Walls, _loaded(WALLS[settings.spawner.kind], settings))


def spawner(settings: Settings) -> type[WorkspaceSpawner]:
    """The spawner of the kind that is set. Raises `SettingsError` when its library is not installed."""
    module, name = SPAWNERS[settings.spawner.kind]
    return cast("type[WorkspaceSpawner]", getattr(_loaded(module, settings), name))


def _loaded(module: str, settings: Settings) -> ModuleType:
    kind = settings.spawner.kind
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        message = f"DEITA_SPAWNER={kind} needs the package {error.name}: install deita-hub[{kind}]."
        raise SettingsError(message) from error
