"""A person's server in a workspace as a container of a Docker Engine.

The container is made anew at each start; the end of its log is kept where logs of servers are when it is removed. The
engine outlives Deita and so do its containers: the next Deita on this DEITA_HOME knows them again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Any

from docker.errors import APIError, ImageNotFound
from dockerspawner import DockerSpawner
from traitlets import default

from deita_hub.sandbox.bubblewrap import TEMPORARY_BYTES
from deita_hub.spawning import docker_engine
from deita_hub.spawning.workspace import WorkspaceSpawner

KEPT_LINES = 2000
TEMPORARY = f"rw,exec,nosuid,nodev,size={TEMPORARY_BYTES},mode=1777,uid={{0}},gid={{0}}"
"""Owner and group, because runc gives a tmpfs the mode of the folder under it, whatever is asked for."""
COVER = "ro,size=65536,mode=755,uid={0},gid={0}"
"""What lies over other members' folders: an empty one that cannot be filled."""


class DockerWorkspaceSpawner(WorkspaceSpawner, DockerSpawner):
    """Containers without rights, with one workspace in them."""

    @default("image")
    def _image(self) -> str:
        return self.place.settings.spawner.image

    @default("prefix")
    def _prefix(self) -> str:
        return docker_engine.prefix(self.place.settings)

    @default("name_template")
    def _name_template(self) -> str:
        return "{prefix}-{username}--{servername}"

    @default("network_name")
    def _network_name(self) -> str:
        return self.place.settings.spawner.network

    @default("use_internal_ip")
    def _use_internal_ip(self) -> bool:
        return True

    @default("remove")
    def _remove(self) -> bool:
        return True

    @default("pull_policy")
    def _pull_policy(self) -> str:
        return "never"

    def arrange(self, folder: Path, own: Path) -> None:
        """What the container sees, and what it may take."""
        settings, uid = self.place.settings, self.place.settings.spawner.uid
        self.mem_limit, self.cpu_limit = settings.server_memory, settings.spawner.cpus
        self.mounts = self._mounts(folder, own)
        self.extra_create_kwargs = {
            "user": f"{uid}:{uid}",
            "working_dir": str(folder),
            "hostname": "deita",
            "labels": {"deita.workspace": folder.name},
        }
        self.extra_host_config = {
            "auto_remove": False,
            "init": True,
            "read_only": True,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true"],
            "tmpfs": {"/tmp": TEMPORARY.format(uid), str(own.parent): COVER.format(uid)},
            "ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
            "memswap_limit": settings.server_memory,
            "pids_limit": settings.server_processes,
        }

    def _mounts(self, folder: Path, own: Path) -> list[dict[str, Any]]:
        settings = self.place.settings
        outside = Path(settings.spawner.storage or settings.storage)
        inside = {path: outside / path.relative_to(settings.storage) for path in (folder, own)}
        readable = {path: path for path in settings.sandbox_readable}
        shut = {*readable, folder} if self.only_reads else readable.keys()
        return [
            {"type": "bind", "source": str(source), "target": str(target), "read_only": target in shut}
            for target, source in {**readable, **inside}.items()
        ]

    async def remove_object(self) -> None:
        """Remove the container, but not what it said last."""
        with contextlib.suppress(APIError):  # it is gone, and its log with it
            text = await self.docker("logs", self.object_id, tail=KEPT_LINES)
            await asyncio.to_thread(_append, self.place.settings.server_log(self.user.name, self.name), text)
        await super().remove_object()

    def reason(self, error: Exception) -> str:
        """What the engine says about a container that it could not start."""
        if isinstance(error, ImageNotFound):
            return f"the Docker Engine has no image {self.image}"
        if isinstance(error, APIError):
            return "the Docker Engine could not start the container; the hub's log says why"
        return super().reason(error)


def _append(log: Path, text: bytes) -> None:
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
