"""Bringing a backup back, whole or not at all: it is written beside and looked through before it takes its place."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deita_hub.backing_up import lakes
from deita_hub.backing_up.bucket_restoring import BucketRestore, refuse_kind
from deita_hub.backing_up.freezing import OBJECTS, PLACE, URL, workspaces
from deita_hub.backing_up.looking_through import DATABASES, found, look_through
from deita_hub.backing_up.naming import missing_in_folder, paths_below
from deita_hub.backing_up.postgres_dumps import DUMPS
from deita_hub.backing_up.rclone import Rclone
from deita_hub.backing_up.restic import BackupError, Restic
from deita_hub.database_urls import CATALOG, HUB
from deita_hub.lifeline import FileLock, LockBusyError
from deita_hub.settings import Settings

BESIDE = ".restoring"


@dataclass(frozen=True)
class Restored:
    """What was brought back; where all lies now which was there before (folders, schemas, a place in the bucket); and
    which files the databases name that are not in the backup, the first hundred of each workspace.
    """

    snapshot: str
    workspaces: int
    files: int
    before: tuple[str, ...]
    missing: tuple[str, ...]


def restore(restic: Restic, settings: Settings, snapshot: str) -> Restored:
    """Put a backup in the place of what is there, which is moved aside. Raises BackupError; then nothing changed but
    that a bucket may have more keys, which nothing names.
    """
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.storage.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _stopped(settings):
        beside = settings.storage / BESIDE
        if beside.exists():
            shutil.rmtree(beside)  # of a restore that was killed
        beside.mkdir(mode=0o700)
        try:
            restic.restore(snapshot, beside, without=f"/{OBJECTS}")
            refuse_kind(beside, {DUMPS: settings.database == "postgresql", URL: settings.objects is not None})
            return _brought_back(restic, settings, snapshot, beside)
        finally:
            shutil.rmtree(beside)


def _brought_back(restic: Restic, settings: Settings, snapshot: str, beside: Path) -> Restored:
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    files, bucket = look_through(beside), None
    if settings.objects is not None:
        bucket = BucketRestore(restic, Rclone(settings, settings.objects), snapshot, beside, stamp)
        files += bucket.add()
    moves = _moves(beside, settings)
    for lake in found(beside, "lake.sqlite"):
        lakes.move_file(lake, moves)
    with _databases(settings, beside / DUMPS, moves, stamp) as schemas:
        missing = tuple(_missing(settings, beside, bucket))
        folder = _move_aside(settings, stamp)
        count = _take_place(settings, beside)
    keys = _finished(bucket) if bucket else None
    before = [str(folder) if folder else None, *(f"schema {name}" for name in schemas), keys]
    return Restored(snapshot, count, files, tuple(each for each in before if each), missing)


def _missing(settings: Settings, content: Path, bucket: BucketRestore | None) -> Iterator[str]:
    """What databases name that did not come back, `<workspace id>/<path>`."""
    for id in sorted(_ids(content)):
        folder = _folder(content, id)
        there = bucket.names(id) if bucket else paths_below(folder)
        if settings.database == "sqlite":
            gone = missing_in_folder(folder, there)
        else:
            from deita_hub.backing_up.postgres_restoring import Database

            gone = Database(settings.database_url).missing(id, there)
        yield from (f"{id}/{name}" for name in gone)


def _folder(content: Path, id: str) -> Path:
    """Where a workspace lies in what came back, perhaps in the trash."""
    storage = content / "storage"
    return next((path for path in (storage / id, *storage.glob(f".trash/{id}-*")) if path.exists()), storage / id)


def _ids(content: Path) -> set[str]:
    """The workspaces of a backup; those in the trash only where their databases are in PostgreSQL."""
    dumped = {path.stem for path in (content / DUMPS).glob("*.dump")} - {CATALOG, HUB}
    return dumped | {path.name for path in (content / "storage").glob("*") if not path.name.startswith(".")}


def _finished(bucket: BucketRestore) -> str | None:
    """The bucket's last step, after which there is nothing to put back. Raises BackupError."""
    try:
        return bucket.finish()
    except BackupError as error:
        message = f"All but notebooks is back. Restore the same backup once more for these: {error}"
        raise BackupError(message) from error


def _moves(content: Path, settings: Settings) -> list[lakes.Move]:
    """Where workspaces lay and lie now, as far as that differs."""
    moves = [((content / PLACE).read_text(encoding="utf-8"), str(settings.storage))]
    if settings.objects is not None:
        moves.append(((content / URL).read_text(encoding="utf-8"), settings.objects.url))
    return [(before, after) for before, after in moves if before != after]


@contextlib.contextmanager
def _databases(settings: Settings, dumps: Path, moves: list[lakes.Move], stamp: str) -> Iterator[list[str]]:
    """While what is in PostgreSQL is brought back, and can still be as it was."""
    if settings.database == "sqlite":
        yield []
        return
    # imported late: most installations never need it
    from deita_hub.backing_up.postgres_restoring import Database

    with Database(settings.database_url).replaced(dumps, moves, stamp) as schemas:
        yield schemas


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


def _move_aside(settings: Settings, stamp: str) -> Path | None:
    """Everything that a backup replaces, moved into one folder."""
    present = [path for path in _replaced(settings) if path.exists()]
    if not present:
        return None
    aside = settings.storage / f".before-restore-{stamp}"
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
    count = len(_ids(content))
    for place in places:
        place.rename(settings.storage / place.name)
    for name in ("secrets", *DATABASES):
        if (content / name).exists():
            shutil.move(content / name, settings.home / name)
    return count
