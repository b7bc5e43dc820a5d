"""A view of everything at one moment, for restic to read in its own time while people go on working."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from deita_hub import secret_files
from deita_hub.backing_up import postgres_dumps
from deita_hub.backing_up.errors import BackupError
from deita_hub.backing_up.holding import held
from deita_hub.backing_up.rclone import Rclone, unmount
from deita_hub.backing_up.workspace_view import INSIDE, copy_database
from deita_hub.sandbox import bubblewrap, view
from deita_hub.settings import Settings

FROZEN = ".backup"
"""The view's folder; it lies below the storage, because a hard link does not leave its file system."""
PLACE, URL = "storage.path", "objects.url"
"""Hold where the workspaces lay, and where in a bucket: lakes name some of their files in full."""
OBJECTS = "objects"
"""The view's folder that shows the bucket."""
MAKE_VIEW = (sys.executable, "-P", "-m", "deita_hub.backing_up.workspace_view")
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ")


class FreezeError(BackupError):
    """The view could not be made; the message says why."""


@contextlib.contextmanager
def frozen(settings: Settings) -> Iterator[Path]:
    """The folder of the view, which is gone again afterwards. Raises BackupError.

    In it are `secrets/`, `storage/<workspace id>/` and `storage.path`; `hub.sqlite` and `catalog.sqlite`, or
    `databases/`; where there is a bucket `objects.url`, and the bucket itself as `objects/<workspace id>/`.
    """
    everything = settings.storage / FROZEN
    _clear(everything)
    everything.mkdir(mode=0o700, parents=True)
    try:
        with _still(settings, everything) as check:
            for place in workspaces(settings.storage):
                _freeze(settings, place, everything / "storage" / place.relative_to(settings.storage))
            # after the workspaces: a workspace that is in the view's catalog and not in its storage would be a loss
            _keep_secrets(settings, everything / "secrets")
            if settings.database == "sqlite":
                for name in ("catalog.sqlite", "hub.sqlite"):
                    copy_database(settings.home / name, everything / name)
                _forget_servers(everything / "hub.sqlite")
            (everything / PLACE).write_text(str(settings.storage), encoding="utf-8")
            with _bucket(settings, everything):
                yield everything
            check()
    finally:
        _clear(everything)


@contextlib.contextmanager
def _still(settings: Settings, everything: Path) -> Iterator[Callable[[], None]]:
    """While what the databases name cannot go; those in PostgreSQL are in the view by then. What is given afterwards
    raises BackupError when that could not be kept up.
    """
    if settings.database == "postgresql":
        with postgres_dumps.session(settings.database_url) as session:
            session.hold()
            session.dump(everything / postgres_dumps.DUMPS)
            yield session.check
    elif settings.objects is not None:
        with held(workspaces(settings.storage)):
            yield lambda: None
    else:
        yield lambda: None


@contextlib.contextmanager
def _bucket(settings: Settings, everything: Path) -> Iterator[None]:
    """While the bucket is in the view, if there is one."""
    if settings.objects is None:
        yield
        return
    (everything / URL).write_text(settings.objects.url, encoding="utf-8")
    with Rclone(settings, settings.objects).shown(everything / OBJECTS):
        yield


def _clear(everything: Path) -> None:
    """Remove the view, also of a backup that was killed: only one runs at a time."""
    if everything.exists():
        unmount(everything / OBJECTS)
        shutil.rmtree(everything)


def _keep_secrets(settings: Settings, target: Path) -> None:
    """All that DEITA_HOME has, and in the place of those what settings give: a backup alone is enough."""
    shutil.copytree(settings.secrets_dir, target)
    known = secret_files.load(settings)
    for name in secret_files.SETTINGS:
        file = target / name
        file.touch(mode=0o600)
        file.write_text(getattr(known, name), encoding="ascii")


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
