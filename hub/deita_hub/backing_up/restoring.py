"""Bringing a backup back, whole or not at all: it is written beside and looked through before it takes its place."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deita_hub.backing_up.freezing import PLACE, workspaces
from deita_hub.backing_up.restic import BackupError, Restic
from deita_hub.lifeline import FileLock, LockBusyError
from deita_hub.settings import Settings

DATABASES = ("hub.sqlite", "catalog.sqlite")
BESIDE = ".restoring"
NAMING_FILES = ("ducklake_data_file", "ducklake_delete_file", "ducklake_table", "ducklake_schema")
CHUNK = 1 << 20


@dataclass(frozen=True)
class Restored:
    """What was brought back, and where that lies now which was there before (None: nothing was)."""

    snapshot: str
    workspaces: int
    files: int
    before: str | None


def restore(restic: Restic, settings: Settings, snapshot: str) -> Restored:
    """Put a backup in the place of what is there, which is moved aside. Raises BackupError; then nothing changed."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.storage.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _stopped(settings):
        beside = settings.storage / BESIDE
        if beside.exists():
            shutil.rmtree(beside)  # of a restore that was killed
        beside.mkdir(mode=0o700)
        try:
            restic.restore(snapshot, beside)
            files = look_through(beside)
            _move_lakes(beside, settings.storage)
            before = _move_aside(settings)
            return Restored(snapshot, _take_place(settings, beside), files, str(before) if before else None)
        finally:
            shutil.rmtree(beside)


def look_through(content: Path) -> int:
    """Check every database and every file that is known by its hash; how many files. Raises BackupError naming one."""
    databases = [content / name for name in DATABASES]
    for database in [*databases, *_found(content, "*.sqlite", "people/*/*.sqlite")]:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            try:
                said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            except sqlite3.DatabaseError as error:
                said = str(error)
        if said != "ok":
            raise BackupError(f"{database.relative_to(content)} of this backup is damaged: {said}")
    count = 0
    for place in _found(content, "files/??/*"):
        with place.open("rb") as file:
            if len(place.name) == 64 and hashlib.file_digest(file, "sha256").hexdigest() != place.name:
                raise BackupError(f"The file {place.relative_to(content)} of this backup is damaged.")
        count += 1
    return count


def _move_lakes(content: Path, storage: Path) -> None:
    """Have lakes that lay elsewhere name their files where these will be."""
    before = (content / PLACE).read_text(encoding="utf-8")
    if before == str(storage):
        return
    for lake in _found(content, "lake.sqlite"):
        with contextlib.closing(sqlite3.connect(lake)) as connection, connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            for table in NAMING_FILES:
                moved = f"UPDATE {table} SET path = ? || substr(path, ?) WHERE NOT path_is_relative AND path GLOB ?"  # noqa: S608
                connection.execute(moved, (str(storage), len(before) + 1, f"{_escaped(before)}/*"))


def _escaped(text: str) -> str:
    """A text that GLOB takes for itself."""
    return re.sub(r"([*?\[])", r"[\1]", text)


def _found(content: Path, *patterns: str) -> Iterator[Path]:
    """What lies in workspaces by these patterns, also in deleted ones."""
    for pattern in patterns:
        yield from (content / "storage").glob(f"*/{pattern}")
        yield from (content / "storage" / ".trash").glob(f"*/{pattern}")


@contextlib.contextmanager
def _stopped(settings: Settings) -> Iterator[None]:
    lock = FileLock(settings.home / "up.lock")
    try:
        lock.acquire()
    except LockBusyError:
        raise BackupError("Deita runs on this DEITA_HOME: stop it before a backup takes its place.") from None
    try:
        yield
    finally:
        lock.release()


def _move_aside(settings: Settings) -> Path | None:
    """Everything that a backup replaces, moved into one folder."""
    present = [path for path in _replaced(settings) if path.exists()]
    if not present:
        return None
    aside = settings.storage / f".before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    aside.mkdir(mode=0o700)
    for path in present:
        inside = aside / ("storage" if path.parent == settings.storage else ".")
        inside.mkdir(exist_ok=True)
        shutil.move(path, inside / path.name)
    return aside


def _replaced(settings: Settings) -> list[Path]:
    files = [settings.home / f"{name}{ending}" for name in DATABASES for ending in ("", "-wal", "-shm")]
    trash = settings.storage / ".trash"
    return [
        *files,
        settings.secrets_dir,
        *(path for path in workspaces(settings.storage) if path.parent != trash),
        trash,
    ]


def _take_place(settings: Settings, content: Path) -> int:
    """Move the content to where it belongs, the catalog last: before that, a start would be an empty Deita."""
    places = sorted((content / "storage").iterdir()) if (content / "storage").is_dir() else []
    for place in places:
        place.rename(settings.storage / place.name)
    for name in ("secrets", *DATABASES):
        if (content / name).exists():
            shutil.move(content / name, settings.home / name)
    return sum(not place.name.startswith(".") for place in places)
