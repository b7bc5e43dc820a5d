"""The unit that a start asks systemd for. No systemd runs here, but its own program reads the unit."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deita_hub.settings import Settings
from deita_hub.spawning import systemd

LIMITS = {"DEITA_SERVER_MEMORY": "2000000000", "DEITA_SERVER_CPUS": "1.5", "DEITA_SERVER_PROCESSES": "500"}
RECORDER = """#!/bin/sh
case "$0 $1" in
*/systemctl\\ is-active) test -e "$RECORD" ;;
*/systemctl\\ is-failed) exit 1 ;;
*/systemd-run*) printf '%s\\n' "$@" > "$RECORD" ;;
esac
"""


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs in the place of systemd's that write down how they are called."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("systemd-run", "systemctl"):
        (programs / name).write_text(RECORDER)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("RECORD", str(tmp_path / "record"))
    monkeypatch.setattr(systemd, "account", lambda settings: "daemon")
    monkeypatch.setattr("systemdspawner.systemd.RUN_ROOT", str(tmp_path))
    return tmp_path / "record"


@pytest.mark.filterwarnings("ignore:Failed to:RuntimeWarning")
async def test_the_command_names_walls_limits_and_no_secret(spawner: Callable[..., Any], recorded: Path) -> None:
    made, folder, own = spawner("systemd", **LIMITS)
    await super(systemd.WorkspaceSpawner, made).start()
    words = recorded.read_text().splitlines()
    assert words[:4] == ["--unit", "deita-me--shop", "--working-directory", str(folder)]
    assert f"--property=BindPaths={folder} {own}" in words
    assert {"--property=MemoryMax=2000000000", "--property=CPUQuota=150%", "--property=TasksMax=500"} < set(words)
    assert {"--property=NoNewPrivileges=yes", "--property=IPAddressDeny=169.254.0.0/16 fe80::/10"} < set(words)
    assert words[-3:] == ["-P", "-m", "deita_server"]
    assert not [word for word in words if "TOKEN" in word]
    assert "JUPYTERHUB_API_TOKEN=t" in (recorded.parent / "deita-me--shop" / "deita-me--shop.env").read_text()


def test_systemd_knows_every_property(spawner: Callable[..., Any], tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze here")
    made, _, _ = spawner("systemd", **LIMITS)
    unit = tmp_path / "deita-me.service"
    lines = [f"{name}={value}" for name, value in made.unit_extra_properties.items()]
    unit.write_text("\n".join(["[Service]", "ExecStart=/bin/true", "User=daemon", *lines, ""]))
    verified = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, check=False, timeout=60)
    about = [line for line in verified.stderr.splitlines() if unit.name in line]
    assert not about


def test_other_members_folders_and_deita_are_covered(spawner: Callable[..., Any]) -> None:
    made, _, own = spawner("systemd")
    here: Settings = made.place.settings
    covered = made.unit_extra_properties["TemporaryFileSystem"].split()
    assert covered == [f"{here.home}:ro", f"{here.storage}:ro", f"{own.parent}:ro"]
