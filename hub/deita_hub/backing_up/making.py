"""Making a backup: freeze, keep, forget what is too old, write down when."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deita_hub import isolation
from deita_hub.backing_up import postgres_programs
from deita_hub.backing_up.freezing import OBJECTS, frozen
from deita_hub.backing_up.holding import UNDER_WAY
from deita_hub.backing_up.postgres_dumps import DUMPS
from deita_hub.backing_up.rclone import Rclone
from deita_hub.backing_up.restic import MOST_UNREAD, BackupError, Restic, UnreadError
from deita_hub.database_urls import CATALOG, HUB
from deita_hub.lifeline import FileLock, LockBusyError
from deita_hub.settings import Settings

RECORD = "backup.json"


@dataclass(frozen=True)
class Made:
    """A backup that was made: sizes in bytes, `added` what the repository grew by before packing."""

    snapshot: str
    time: str
    workspaces: int
    files: int
    bytes: int
    added: int
    seconds: float
    kept: int
    repository_is_new: bool


def make(settings: Settings, progress: Callable[[float], None], now: datetime | None = None) -> Made:
    """Keep everything as it is now. Raises BackupError. `now` is the time it is said to be of (UTC)."""
    if not (settings.home / "hub.sqlite" if settings.database == "sqlite" else settings.secrets_dir).exists():
        raise BackupError("There is nothing to back up yet: Deita never ran on this DEITA_HOME.")
    restic, began = Restic(settings, make_password=True), time.monotonic()
    try:
        with _alone(settings):
            is_new = restic.prepare()
            at = now or datetime.now(UTC)
            # only local walls matter here, and what has backups made need not reach the engine that starts servers
            with frozen(isolation.resolve(settings) if settings.spawner.is_local else settings) as view:
                count = _workspaces(view)
                summary = _kept(restic, settings, lambda: restic.backup(view, at, progress))
            restic.forget()
            kept = len(restic.snapshots())
    except LockBusyError as error:
        raise BackupError("Another backup is being made.") from error
    made = Made(
        str(summary["snapshot_id"])[:8],
        at.isoformat(timespec="seconds"),
        count,
        int(summary["total_files_processed"]),
        int(summary["total_bytes_processed"]),
        int(summary["data_added"]),
        round(time.monotonic() - began, 1),
        kept,
        is_new,
    )
    note(settings, backup=asdict(made))
    return made


def _kept(restic: Restic, settings: Settings, backup: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The summary of a backup. What of a bucket could not be read is no loss if it is gone by now, as notebooks may be:
    nothing that a database names can go meanwhile. Raises BackupError, and then there is no such backup.
    """
    try:
        return backup()
    except UnreadError as error:
        names = [item.removeprefix(f"{OBJECTS}/") for item in error.items if item.startswith(f"{OBJECTS}/")]
        is_all = len(names) == len(error.items) < MOST_UNREAD
        if settings.objects and is_all and not Rclone(settings, settings.objects).there(names):
            return error.summary
        restic.drop(str(error.summary["snapshot_id"]))
        raise


def check_programs(settings: Settings) -> None:
    """Raise BackupError naming a program that a backup needs and that is not here."""
    Restic(settings, make_password=True)
    if settings.database == "postgresql":
        postgres_programs.program("pg_dump")
    if settings.objects is not None:
        Rclone(settings, settings.objects)


def _workspaces(view: Path) -> int:
    """How many have something in the view."""
    dumped = {path.stem for path in (view / DUMPS).glob("*.dump")} - {CATALOG, HUB}
    return len(dumped | {path.parent.name for path in (view / "storage").glob("*/workspace.sqlite")})


def _alone(settings: Settings) -> FileLock:
    return FileLock(settings.home / UNDER_WAY)


def note(settings: Settings, **facts: object) -> None:
    """Write down what was done last, for `deita check` and whoever watches; None takes a fact away."""
    path = settings.home / RECORD
    fresh = path.with_name(f".{RECORD}.new")
    known = {name: fact for name, fact in {**noted(settings), **facts}.items() if fact is not None}
    fresh.write_text(json.dumps(known), encoding="utf-8")
    fresh.chmod(0o600)
    fresh.replace(path)


def noted(settings: Settings) -> dict[str, dict[str, object]]:
    """What was done last: `backup`, `drill`, the `failure` after them, the `schedule`; empty before the first."""
    path: Path = settings.home / RECORD
    try:
        known: dict[str, dict[str, object]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return known
