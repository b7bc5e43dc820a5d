"""A person's server in a workspace as a transient unit of systemd.

Its properties are what `sandbox` asks of bubblewrap, in systemd's words: Deita's folder and all workspaces are covered,
then the one workspace is put into its place, and of `people/` in it the own folder.
"""

from __future__ import annotations

import pwd
from pathlib import Path

from systemdspawner import SystemdSpawner
from traitlets import default

from deita_hub.sandbox.view import programs
from deita_hub.settings import Settings
from deita_hub.spawning.workspace import PASSED_ON, WorkspaceSpawner

LINK_LOCAL = "169.254.0.0/16 fe80::/10"
FIXED = {
    "ProtectSystem": "strict",
    "ProtectHome": "tmpfs",
    "PrivateDevices": "yes",
    "PrivateTmp": "yes",
    "PrivateIPC": "yes",
    "ProtectProc": "invisible",
    "ProcSubset": "pid",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectControlGroups": "yes",
    "ProtectClock": "yes",
    "ProtectHostname": "yes",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes",
    "RestrictRealtime": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX AF_NETLINK",
    "LockPersonality": "yes",
    "RemoveIPC": "yes",
    "KeyringMode": "private",
    "UMask": "0077",
    "LimitCORE": "0",
    "SystemCallArchitectures": "native",
    "SystemCallFilter": "~@clock @cpu-emulation @debug @module @mount @obsolete @raw-io @reboot @swap bpf keyctl "
    "add_key request_key perf_event_open userfaultfd",
    "SystemCallErrorNumber": "EPERM",
    "IPAddressDeny": LINK_LOCAL,
}


def properties(settings: Settings, folder: Path, own: Path, *, only_reads: bool) -> dict[str, str]:
    """The unit's properties; `folder` is the workspace's, `own` the person's in it."""
    readable = {path for path in (*programs(), *settings.sandbox_readable) if path.exists()}
    readable |= {folder} if only_reads else set()
    found = {
        **FIXED,
        "TemporaryFileSystem": f"{settings.home}:ro {settings.storage}:ro {own.parent}:ro",
        "BindPaths": str(own) if only_reads else f"{folder} {own}",
        "BindReadOnlyPaths": " ".join(map(str, sorted(readable))),
        "InaccessiblePaths": "-/run/docker.sock -/run/dbus -/run/systemd/private",
    }
    if settings.server_processes:
        found["TasksMax"] = str(settings.server_processes)
    return found


def account(settings: Settings) -> str:
    """The name of the account that servers run as. Raises KeyError when there is none."""
    return pwd.getpwuid(settings.spawner.uid).pw_name


class SystemdWorkspaceSpawner(WorkspaceSpawner, SystemdSpawner):
    """Units as the user to whom the workspaces belong."""

    passed_on = ("PATH", *PASSED_ON)

    @default("unit_name_template")
    def _unit_name_template(self) -> str:
        return f"deita-{{USERNAME}}--{self.name}"

    @default("username_template")
    def _username_template(self) -> str:
        return account(self.place.settings)

    def arrange(self, folder: Path, own: Path) -> None:
        """What the unit sees, and what it may take."""
        settings = self.place.settings
        self.mem_limit, self.cpu_limit = settings.server_memory, settings.spawner.cpus
        self.user_workingdir = str(folder)
        self.unit_extra_properties = properties(settings, folder, own, only_reads=self.only_reads)
