"""Which container may be made: one like those that `spawning/docker.py` asks for, and nothing beyond.

Every key that may be sent is named here with what it may hold; any other is refused, whatever it holds. The engine
does not tell capitals from small letters in keys, which is no way around: only one spelling is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deita_hub.names import LONGEST_PERSON, LONGEST_SLUG
from deita_hub.sandbox.bubblewrap import TEMPORARY_BYTES
from deita_hub.settings import Settings
from deita_hub.spawning import docker_engine

NAME = rf"-[A-Za-z0-9_.-]{{1,{4 * LONGEST_PERSON}}}--[a-z0-9-]{{1,{LONGEST_SLUG}}}"
PARTS = re.compile(r"/[0-9A-Za-z]{26}(?:/people/[a-z][a-z0-9._-]{0,60})?")
TMPFS = re.compile(rf"(?:rw,exec,nosuid,nodev,size={TEMPORARY_BYTES}|ro,size=65536),mode=[0-7]{{3,4}},uid=\d+,gid=\d+")
MOST_TEMPORARY = 2
PERIOD = 100_000
"""Microseconds of `CpuPeriod`; DockerSpawner sends no other."""

Test = Callable[[Any], bool]


class RefusedError(Exception):
    """A request that is not passed on; the message says what about it."""


@dataclass(frozen=True)
class Policy:
    """What servers' containers of this installation are like."""

    prefix: str
    image: str
    user: str
    network: str
    storage: Path
    readable: frozenset[str]
    memory: int | None
    processes: int | None
    cpus: float | None

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        """The policy for what the hub with these settings asks for."""
        spawner = settings.spawner
        return cls(
            prefix=docker_engine.prefix(settings),
            image=spawner.image,
            user=f"{spawner.uid}:{spawner.uid}",
            network=spawner.network,
            storage=Path(spawner.storage or settings.storage),
            readable=frozenset(map(str, settings.sandbox_readable)),
            memory=settings.server_memory,
            processes=settings.server_processes,
            cpus=spawner.cpus,
        )

    def owns(self, name: str) -> bool:
        """Whether a container of this name is a server of this installation."""
        return re.fullmatch(re.escape(self.prefix) + NAME, name) is not None

    def check(self, name: str, body: Any) -> None:
        """Raise `RefusedError` unless this container may be made under this name."""
        if not self.owns(name):
            raise RefusedError(f"a server's name begins with {self.prefix}-")
        _check(body, self._container(), "")
        host = body.get("HostConfig")
        _check(host, self._host(), "HostConfig.")
        missing = [key for key in ("Image", "User") if key not in body] + sorted(self.needed - set(host))
        if missing:
            raise RefusedError(f"{', '.join(missing)} is missing")
        for each in host.get("Mounts", []):
            self._check_mount(each)

    def _container(self) -> Mapping[str, Test]:
        return {
            **dict.fromkeys(EMPTY, _empty),
            "Hostname": _is("deita"),
            "ExposedPorts": _is({"8888/tcp": None}, {"8888/tcp": {}}),
            "User": _is(self.user),
            "AttachStdout": _is(True, False),
            "AttachStderr": _is(True, False),
            "Env": _texts,
            "Cmd": _texts,
            "Image": _is(self.image),
            "WorkingDir": lambda value: isinstance(value, str),
            "HostConfig": lambda value: isinstance(value, dict),
            "Labels": lambda value: isinstance(value, dict) and set(value) <= {"deita.workspace"},
        }

    def _host(self) -> Mapping[str, Test]:
        return {
            "Memory": _limit(self.memory),
            "MemorySwap": _limit(self.memory),
            "PidsLimit": _limit(self.processes),
            "CpuPeriod": _is(PERIOD),
            "CpuQuota": _limit(None if self.cpus is None else int(self.cpus * PERIOD)),
            "ReadonlyRootfs": _is(True),
            "NetworkMode": _is(self.network),
            "CapDrop": _is(["ALL"]),
            "SecurityOpt": _is(["no-new-privileges:true"]),
            "Binds": _empty,
            "Links": _empty,
            "Ulimits": _is([{"Name": "core", "Soft": 0, "Hard": 0}]),
            "Tmpfs": _tmpfs,
            "Init": _is(True),
            "Mounts": lambda value: isinstance(value, list),
        }

    @property
    def needed(self) -> frozenset[str]:
        """Keys of `HostConfig` without which a container would have more than a server."""
        always = {"ReadonlyRootfs", "NetworkMode", "CapDrop", "SecurityOpt"}
        limits = {"Memory": self.memory, "MemorySwap": self.memory, "PidsLimit": self.processes, "CpuQuota": self.cpus}
        return frozenset(always | {key for key, value in limits.items() if value is not None})

    def _check_mount(self, mount: Any) -> None:
        if not isinstance(mount, dict) or not {"Type", "Source", "Target", "ReadOnly"} >= set(mount):
            raise RefusedError("HostConfig.Mounts has a key that servers do not have")
        if mount.get("Type") != "bind" or not isinstance(mount.get("Source"), str):
            raise RefusedError("HostConfig.Mounts: servers have binds of folders")
        source = mount["Source"]
        if source in self.readable and mount.get("ReadOnly") is True:
            return
        if not source.startswith(str(self.storage)) or not PARTS.fullmatch(source.removeprefix(str(self.storage))):
            raise RefusedError("HostConfig.Mounts: only a workspace's folder, and a person's own in it")


EMPTY = (
    *("Domainname", "Tty", "OpenStdin", "StdinOnce", "AttachStdin", "Volumes", "NetworkDisabled", "Entrypoint"),
    *("NetworkingConfig", "MacAddress", "StopSignal", "Healthcheck", "StopTimeout", "Runtime"),
)
"""Keys of a container that the client always sends, with nothing in them."""


def _check(given: Any, known: Mapping[str, Test], where: str) -> None:
    if not isinstance(given, dict):
        raise RefusedError(f"{where or 'the body'} is missing")
    for key, value in given.items():
        if key not in known or not known[key](value):
            raise RefusedError(f"{where}{key[:60]} is not what servers have")


def _is(*allowed: Any) -> Test:
    return lambda value: any(type(value) is type(each) and value == each for each in allowed)


def _empty(value: Any) -> bool:
    return value in (None, False, "") or value == [] or value == {}


def _limit(most: int | None) -> Test:
    return lambda value: type(value) is int and value > 0 and (most is None or value <= most)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _tmpfs(value: Any) -> bool:
    few = isinstance(value, dict) and len(value) <= MOST_TEMPORARY
    return few and all(isinstance(text, str) and TMPFS.fullmatch(text) for text in value.values())
