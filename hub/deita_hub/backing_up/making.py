"""Making a backup: freeze, keep, forget what is too old, write down when."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from deita_hub import isolation
from deita_hub.backing_up.freezing import FreezeError, frozen
from deita_hub.backing_up.restic import BackupError, Restic
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
    if settings.database != "sqlite" or settings.objects:
        raise BackupError("Deita backs up SQLite and folders only: PostgreSQL and buckets have tools of their own.")
    if not (settings.home / "hub.sqlite").exists():
        raise BackupError("There is nothing to back up yet: Deita never ran on this DEITA_HOME.")
    restic, began = Restic(settings, make_password=True), time.monotonic()
    try:
        with _alone(settings):
            is_new = restic.prepare()
            at = now or datetime.now(UTC)
            with frozen(isolation.resolve(settings)) as view:
                count = sum(1 for _ in (view / "storage").glob("*/workspace.sqlite"))
                summary = restic.backup(view, at, progress)
            kept = restic.forget()
    except LockBusyError as error:
        raise BackupError("Another backup is being made.") from error
    except FreezeError as error:
        raise BackupError(str(error)) from error
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


def _alone(settings: Settings) -> FileLock:
    return FileLock(settings.home / "backup.lock")


def note(settings: Settings, **facts: object) -> None:
    """Write down what was done last, for `deita check` and whoever watches."""
    path = settings.home / RECORD
    fresh = path.with_name(f".{RECORD}.new")
    fresh.write_text(json.dumps({**noted(settings), **facts}), encoding="utf-8")
    fresh.chmod(0o600)
    fresh.replace(path)


def noted(settings: Settings) -> dict[str, dict[str, object]]:
    """What was done last: `backup`, `drill`; empty before the first."""
    path: Path = settings.home / RECORD
    try:
        known: dict[str, dict[str, object]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return known
