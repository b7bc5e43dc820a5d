"""The walls of the local spawner: bubblewrap around each server where it works, and nothing where it does not."""

from __future__ import annotations

import os
from dataclasses import replace

from deita_hub import doors
from deita_hub.sandbox import bubblewrap, probe
from deita_hub.settings import Settings, SettingsError

NO_WALLS = (
    "none: every server runs as this user. Whoever has a workspace here can read the files of all workspaces, Deita's "
    "secrets and whatever else this user can read. Only trust yourself, or people whom you would give this account."
)
BUBBLEWRAP = (
    "bubblewrap: a server sees its own workspace, its person's folder in it, and the machine's programs, read-only. "
    "{network}. Not protected against: {shared}memory and processor are shared, and a hole in the Linux kernel opens "
    "everything"
)
NETWORKS = {
    "none": ("It has no network but its way to hub and control plane", ""),
    "shared": (
        "It has the machine's network",
        "every address that this machine reaches can be reached, also a cloud's 169.254.169.254, ",
    ),
}
AS_ROOT = "; Deita runs as root, so that such a hole gives root: run it as a user of its own"


def resolve(settings: Settings) -> Settings:
    """Settings that say which walls are in force instead of `auto`.

    Raises `SettingsError` when walls are demanded that cannot stand here.
    """
    obstacle = "DEITA_SANDBOX=none keeps bubblewrap off" if settings.sandbox == "none" else probe.obstacle()
    if settings.sandbox == "bubblewrap" and obstacle:
        raise SettingsError(f"DEITA_SANDBOX=bubblewrap: {obstacle}.")
    if settings.sandbox_network == "none":
        _check_offline(settings, obstacle)
    return replace(settings, sandbox="none" if obstacle else "bubblewrap")


def _check_offline(settings: Settings, obstacle: str | None) -> None:
    problem = obstacle or probe.obstacle(bubblewrap.NO_NETWORK)
    if settings.objects is not None or settings.database != "sqlite":
        problem = "servers would not reach the workspaces' storage or databases"
    elif not doors.fits(settings):
        problem = f"the path of DEITA_HOME is too long for sockets, which may have {doors.LONGEST} bytes"
    if problem:
        raise SettingsError(f"DEITA_SANDBOX_NETWORK=none: {problem}.")


def _way_out(settings: Settings) -> str:
    return f", and a way out to {', '.join(map(str, settings.egress))}" if settings.egress else ""


def described(settings: Settings) -> str:
    """What is in force here and what it does not protect against; `settings` are resolved."""
    if settings.sandbox == "bubblewrap":
        network, shared = NETWORKS[settings.sandbox_network]
        network += _way_out(settings)
        return BUBBLEWRAP.format(network=network, shared=shared) + (AS_ROOT if os.geteuid() == 0 else "") + "."
    reason = probe.obstacle()
    return f"{NO_WALLS} There could be walls: {reason or 'DEITA_SANDBOX=none keeps bubblewrap off'}."
