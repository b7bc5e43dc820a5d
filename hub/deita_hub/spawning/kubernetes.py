"""A person's server in a workspace as a pod of Kubernetes.

Of the claim that holds the workspaces' folders a pod mounts one workspace, and of `people/` in it the own folder.
Without a claim, which workspaces in a bucket allow, what a server keeps beside them lives as long as the pod.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kubespawner import KubeSpawner
from traitlets import default

from deita_hub.sandbox.bubblewrap import TEMPORARY_BYTES, USER
from deita_hub.spawning.workspace import WorkspaceSpawner

RIGHTS: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


class KubernetesWorkspaceSpawner(WorkspaceSpawner, KubeSpawner):
    """Pods without rights, with one workspace in them."""

    @default("image")
    def _image(self) -> str:
        return self.place.settings.spawner.image

    @default("namespace")
    def _namespace(self) -> str:
        return self.place.settings.spawner.namespace or self._namespace_default()

    def arrange(self, folder: Path, own: Path) -> None:
        """What the pod sees, and what it may take."""
        settings = self.place.settings
        self.mem_limit, self.cpu_limit = settings.server_memory, settings.spawner.cpus
        self.uid = self.gid = settings.spawner.uid or int(USER)
        self.working_dir = str(folder)
        self.container_security_context = RIGHTS
        self.automount_service_account_token = False
        self.extra_pod_config = {"enableServiceLinks": False}
        self.extra_labels = {"deita.workspace": folder.name.lower()}
        self.volumes, self.volume_mounts = self._volumes(), self._mounts(folder, own)

    def _volumes(self) -> list[dict[str, Any]]:
        claim = self.place.settings.spawner.storage
        storage = {"persistentVolumeClaim": {"claimName": claim}} if claim else {"emptyDir": {}}
        return [
            {"name": "workspace", **storage},
            {"name": "people", "emptyDir": {"medium": "Memory", "sizeLimit": "64Ki"}},
            {"name": "temporary", "emptyDir": {"medium": "Memory", "sizeLimit": str(TEMPORARY_BYTES)}},
        ]

    def _mounts(self, folder: Path, own: Path) -> list[dict[str, Any]]:
        storage = self.place.settings.storage
        parts = {path: {"name": "workspace", "subPath": str(path.relative_to(storage))} for path in (folder, own)}
        return [
            {"mountPath": str(folder), "readOnly": self.only_reads, **parts[folder]},
            {"mountPath": str(own.parent), "name": "people"},
            {"mountPath": str(own), **parts[own]},
            {"mountPath": "/tmp", "name": "temporary"},
        ]
