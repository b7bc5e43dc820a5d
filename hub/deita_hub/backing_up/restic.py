"""restic, which keeps backups: encrypted, each byte once, in a folder, an S3 bucket or wherever else it can.

https://restic.readthedocs.io/en/stable/075_scripting.html
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from deita_hub import secret_files
from deita_hub.backing_up.errors import BackupError as BackupError
from deita_hub.setting_values import secret
from deita_hub.settings import Settings

HOST, TAG = "deita", "deita"
KEEP = {"daily": 7, "weekly": 4, "monthly": 12}
# What of our own environment restic needs: where programs are, and the keys of the store that holds the repository.
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")
PASSED_ON_PREFIXES = ("AWS_", "AZURE_", "B2_", "GOOGLE_", "OS_", "RCLONE_")
SOURCE_CHANGED = 3
MOST_LINES, MOST_UNREAD = 20, 1000


class UnreadError(BackupError):
    """Some files could not be read: `items` are their paths, `summary` is restic's of the backup without them."""

    def __init__(self, message: str, items: list[str]) -> None:
        super().__init__(message)
        self.items, self.summary = items, dict[str, Any]()


@dataclass(frozen=True)
class Snapshot:
    """One backup: restic's short id of it, and when its view was made (UTC)."""

    id: str
    time: datetime


class Restic:
    """The repository that the settings name."""

    def __init__(self, settings: Settings, *, make_password: bool = False) -> None:
        """Raise BackupError when none is named or restic is not there, SettingsError without its password."""
        program = shutil.which("restic", path=settings.environ.get("PATH", os.defpath))
        if program is None:
            raise BackupError("Backups need restic: install the package `restic` of your system.")
        if not settings.backup_repository:
            raise BackupError("Set DEITA_BACKUP_REPOSITORY to where backups are kept, best on another machine.")
        self._program, self.repository = program, settings.backup_repository
        self._environment = _environment(settings, secret_files.backup_password(settings, make=make_password))

    def prepare(self) -> bool:
        """Make the repository unless there is one; True when it is new. Raises BackupError."""
        if self._run("cat", "config", allowed=(0, 1, 10)).returncode == 0:
            self._run("unlock")  # of what was killed; of what runs a lock stays
            return False
        self._run("init", "--repository-version", "2")
        return True

    def backup(self, folder: Path, time: datetime, progress: Callable[[float], None]) -> dict[str, Any]:
        """Keep a folder's content; restic's summary of it. Raises BackupError, also UnreadError: then there is a backup
        without what could not be read, which `drop` takes away.
        """
        words = ["backup", "--json", "--host", HOST, "--tag", TAG, "--time", f"{time:%F %T}", "."]
        # files get a second name for a backup, and have another inode in each mount: size and time of change tell
        words += ["--ignore-ctime", "--ignore-inode"]
        summary: dict[str, Any] = {}
        try:
            for message in self._messages(*words, folder=folder):
                if message.get("message_type") == "status":
                    progress(float(message.get("percent_done", 0)))
                elif message.get("message_type") == "summary":
                    summary = message
        except UnreadError as error:
            error.summary = summary
            raise
        return summary

    def drop(self, snapshot: str) -> None:
        """Forget one backup. Raises BackupError."""
        self._run("forget", snapshot)

    def snapshots(self) -> list[Snapshot]:
        """Every backup, the oldest first. Raises BackupError."""
        found = json.loads(self._run("snapshots", "--json", "--tag", TAG).stdout)
        made = [Snapshot(each["short_id"], datetime.fromisoformat(_microseconds(each["time"]))) for each in found]
        return sorted(made, key=lambda each: each.time)

    def forget(self, *, prune: bool = True) -> None:
        """Forget what the retention no longer keeps, and free its bytes. Raises BackupError."""
        keep = [word for name, count in KEEP.items() for word in (f"--keep-{name}", str(count))]
        self._run("forget", "--tag", TAG, "--group-by", "host", *keep, *(["--prune"] if prune else []))

    def restore(self, snapshot: str, target: Path, only: str | None = None, without: str | None = None) -> None:
        """Write a backup's content into a folder: all, only what is at a path, or all but that. Raises BackupError."""
        chosen = ["--include", only] if only else ["--exclude", without] if without else []
        self._run("restore", snapshot, "--tag", TAG, "--target", str(target), *chosen)

    def inside(self, snapshot: str, folder: str) -> list[str]:
        """The names in a folder of a backup, none when it has no such folder. Raises BackupError."""
        lines = self._run("ls", "--json", "--tag", TAG, snapshot, folder).stdout.splitlines()
        paths = [str(each["path"]) for each in map(json.loads, lines) if each.get("struct_type") == "node"]
        return [path.removeprefix(f"{folder}/") for path in paths if path.startswith(f"{folder}/")]

    def told(self, *words: str) -> str:
        """What restic prints for a command. Raises BackupError."""
        return self._run(*words).stdout

    def check(self) -> None:
        """Read every byte of the repository. Raises BackupError naming what is damaged."""
        self._run("check", "--read-data")

    @contextmanager
    def changed_password(self) -> Iterator[str]:
        """A new password, which opens the repository beside the old one; afterwards the old one no longer does.

        Raises BackupError; the old one is still good then.
        """
        fresh = secret_files.made()
        with NamedTemporaryFile("w", prefix="deita-", encoding="ascii") as file:  # 0600
            file.write(fresh)
            file.flush()
            self._run("key", "add", "--new-password-file", file.name)
        yield fresh
        old = json.loads(self._run("key", "list", "--json").stdout)
        self._environment["RESTIC_PASSWORD"] = fresh
        for key in old:
            if key["current"]:
                self._run("key", "remove", key["id"])

    def _run(self, *words: str, allowed: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [self._program, "--quiet", *words], env=self._environment, capture_output=True, text=True, check=False
        )
        if ended.returncode not in allowed:
            raise BackupError(_told(ended.stderr))
        return ended

    def _messages(self, *words: str, folder: Path) -> Iterator[dict[str, Any]]:
        command = [self._program, *words]
        others: list[str] = []
        unread: list[str] = []
        with subprocess.Popen(
            command,
            cwd=folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    message = json.loads(line) if line.startswith("{") else {"message_type": "error"}
                    if message.get("message_type") != "error":
                        yield message
                    elif "item" in message and len(unread) < MOST_UNREAD:
                        unread.append(str(message["item"]))
                    elif len(others) < MOST_LINES:
                        others.append(line)
            except BaseException:  # also when it is stopped
                process.send_signal(signal.SIGINT)  # who is stopped meanwhile leaves no lock in the repository
                raise
        if process.returncode == SOURCE_CHANGED:
            named = ", ".join(unread[:MOST_LINES])
            raise UnreadError(f"Files could not be read, so that this backup is not whole: {named}.", unread)
        if process.returncode:
            raise BackupError(_told("".join(others)))


def _environment(settings: Settings, password: str) -> dict[str, str]:
    source = settings.environ
    passed = {
        name: value
        for name, value in source.items()
        if name in PASSED_ON or (name.startswith(PASSED_ON_PREFIXES) and not name.endswith("_FILE"))
    }
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        if value := secret(source, name):
            passed[name] = value
    return {
        **passed,
        "RESTIC_REPOSITORY": str(settings.backup_repository),
        "RESTIC_PASSWORD": password,
        "RESTIC_CACHE_DIR": str(settings.home / "run" / "restic"),
        "RESTIC_PROGRESS_FPS": "2",
        "TZ": "UTC",
    }


def _told(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "restic said: " + " / ".join(lines[-MOST_LINES:]) if lines else "restic ended without a word."


def _microseconds(time: str) -> str:
    """restic writes nanoseconds, which Python 3.11 does not read."""
    head, dot, rest = time.partition(".")
    digits = rest.rstrip("Z").split("+")[0].split("-")[0]
    zone = rest[len(digits) :]
    return (f"{head}.{digits[:6]:0<6}{zone}" if dot else time).replace("Z", "+00:00")
