"""Whether this machine's systemd can start servers, and what is said about its walls."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from deita_hub.settings import Settings, SettingsError

OLDEST = 248
RUNNING = Path("/run/systemd/system")
DESCRIPTION = (
    "systemd: each server is a unit that sees its own workspace and its person's folder in it, and this machine's "
    "programs, read-only, without capabilities and without a way to get any. It has the machine's network without "
    "169.254.0.0/16. Not protected against: every other address that this machine reaches can be reached, "
    "{unlimited}a hole in the Linux kernel opens everything."
)


def resolve(settings: Settings) -> Settings:
    """The settings, if units can be started here. Raises `SettingsError` for what is missing."""
    if not RUNNING.is_dir() or shutil.which("systemd-run") is None:
        raise SettingsError("DEITA_SPAWNER=systemd: systemd does not run this machine.")
    if os.geteuid() != 0:
        raise SettingsError("DEITA_SPAWNER=systemd: only root may start units; their servers run as another user.")
    if _version() < OLDEST:
        raise SettingsError(f"DEITA_SPAWNER=systemd needs systemd {OLDEST} or newer.")
    return settings


def described(settings: Settings) -> str:
    """What is in force and what it does not protect against. Raises `SettingsError` for what is missing."""
    resolve(settings)
    return DESCRIPTION.format(unlimited="" if settings.server_memory else "memory is not limited, ")


def _version() -> int:
    asked = subprocess.run(["systemctl", "--version"], capture_output=True, text=True, timeout=10, check=False)
    words = asked.stdout.split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
