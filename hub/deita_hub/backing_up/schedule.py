"""Backups as often as was asked for, by a process that stays: what a container runs where there is no timer.

When the next one is due goes by the last one that was made, whoever made it, so that a restart neither skips one nor
makes one too many. What fails is tried again soon, and `backup.json` says so until it works.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import FrameType

from deita_hub.backing_up import drilling, making
from deita_hub.backing_up.errors import BackupError
from deita_hub.settings import Settings, SettingsError

FIRST_RETRY, LAST_RETRY = timedelta(minutes=1), timedelta(hours=1)
LOOK = timedelta(hours=1)
"""A clock may be set, and somebody else may make a backup: it is looked again so often."""


class Stopped(BaseException):
    """SIGTERM came; not an error, and nothing that an `except Exception` may swallow."""


class Schedule:
    """One process's schedule; `say` is given a line for each thing that happens."""

    def __init__(
        self, settings: Settings, every: timedelta, drill_every: timedelta | None, say: Callable[[str], None]
    ) -> None:
        self._settings, self._every, self._drill_every, self._say = settings, every, drill_every, say
        self._failures = 0
        self._not_before = datetime.min.replace(tzinfo=UTC)

    def run(self) -> None:
        """Stay until SIGTERM; what is under way then is given up, and leaves nothing behind. Raises SettingsError."""
        signal.signal(signal.SIGTERM, _stop)
        making.note(self._settings, schedule={"every_seconds": self._every.total_seconds()})
        try:
            while True:
                self._wait_until(self.due())
                self._do("backup", self._backup)
                if not self._failures and self._drill_is_due():
                    self._do("drill", self._drill)
        except Stopped:
            self._say("Stopped.")

    def due(self) -> datetime:
        """When the next backup is to be made (UTC)."""
        last = _when(self._settings, "backup")
        return max(self._not_before, last + self._every) if last else self._not_before

    def _wait_until(self, due: datetime) -> None:
        if due > datetime.now(UTC):
            self._say(f"The next backup is made at {due:%F %T} UTC.")
        while (left := due - datetime.now(UTC)) > timedelta(0):
            threading.Event().wait(min(left, LOOK).total_seconds())
            due = self.due()

    def _do(self, what: str, act: Callable[[], str]) -> None:
        """Do one thing and say how it went; after a failure the next attempt is soon, and ever later."""
        try:
            self._say(act())
        except (BackupError, SettingsError, OSError) as error:
            self._failures += 1
            pause = min(FIRST_RETRY * 2 ** min(self._failures - 1, 8), LAST_RETRY, self._every)
            self._not_before = datetime.now(UTC) + pause
            message = str(error)
            self._say(f"The {what} failed: {message}")
            making.note(self._settings, failure={"what": what, "time": _now(), "message": message[:1000]})
        else:
            self._failures = 0
            making.note(self._settings, failure=None)

    def _backup(self) -> str:
        made = making.make(self._settings, lambda share: None)
        return f"Backup {made.snapshot}: {made.bytes / 1e6:,.1f} MB, {made.added / 1e6:,.1f} new, in {made.seconds} s."

    def _drill(self) -> str:
        done = drilling.drill(self._settings)
        return f"Drill of {done.snapshot}: {done.tables} tables, RTO {done.rto_seconds} s, RPO {done.rpo_seconds} s."

    def _drill_is_due(self) -> bool:
        last = _when(self._settings, "drill")
        return self._drill_every is not None and (last is None or datetime.now(UTC) >= last + self._drill_every)


def _when(settings: Settings, what: str) -> datetime | None:
    noted = making.noted(settings).get(what)
    return datetime.fromisoformat(str(noted["time"])) if noted else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped
