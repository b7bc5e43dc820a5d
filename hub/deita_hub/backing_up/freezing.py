"""A view of everything at one moment, for restic to read in its own time while people go on working."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from deita_hub.backing_up.workspace_view import INSIDE, copy_database
from deita_hub.sandbox import bubblewrap, view
from deita_hub.settings import Settings

FROZEN = ".backup"
"""The view's folder; it lies below the storage, because a hard link does not leave its file system."""
PLACE = "storage.path"
"""Holds where the workspaces lay: lakes name some of their files in full."""
MAKE_VIEW = (sys.executable, "-P", "-m", "deita_hub.backing_up.workspace_view")
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ")


class FreezeError(Exception):
    """The view could not be made; the message says why."""


@contextlib.contextmanager
def frozen(settings: Settings) -> Iterator[Path]:
    """The folder of the view, which is gone again afterwards. Raises FreezeError.

    In it are `hub.sqlite`, `catalog.sqlite`, `secrets/`, `storage/<workspace id>/` and `storage.path`.
    """
    everything = settings.storage / FROZEN
    if everything.exists():
        shutil.rmtree(everything)  # of a backup that was killed: only one runs at a time
    everything.mkdir(mode=0o700, parents=True)
    try:
        for place in workspaces(settings.storage):
            _freeze(settings, place, everything / "storage" / place.relative_to(settings.storage))
        # after the workspaces: a workspace that is in the view's catalog and not in its storage would be a loss
        shutil.copytree(settings.secrets_dir, everything / "secrets")
        for name in ("catalog.sqlite", "hub.sqlite"):
            copy_database(settings.home / name, everything / name)
        _forget_servers(everything / "hub.sqlite")
        (everything / PLACE).write_text(str(settings.storage), encoding="utf-8")
        yield everything
    finally:
        shutil.rmtree(everything)


def workspaces(storage: Path) -> list[Path]:
    """The folders of workspaces, those in the trash included."""
    found = [*storage.iterdir(), *(storage / ".trash").glob("*")]
    return sorted(path for path in found if path.is_dir() and not path.name.startswith("."))


def _freeze(settings: Settings, workspace: Path, target: Path) -> None:
    """Have the view of a workspace made behind walls, then take it out of there."""
    walls: list[str] = []
    if settings.sandbox == "bubblewrap":
        walls = [bubblewrap.PROGRAM, *view.for_backup(settings, workspace), "--"]
    environment = {name: settings.environ[name] for name in PASSED_ON if name in settings.environ}
    command = [*walls, *MAKE_VIEW, str(workspace)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd="/")
    if ended.returncode:
        raise FreezeError(f"Workspace {workspace.name} cannot be read whole: {ended.stderr.strip()[-500:]}")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    (workspace / INSIDE).rename(target)


def _forget_servers(hub: Path) -> None:
    """No server runs in a backup: a hub that is brought back must not take a process of today for one of its own."""
    with contextlib.closing(sqlite3.connect(hub)) as connection, connection:
        connection.execute("UPDATE spawners SET server_id = NULL, state = NULL")
