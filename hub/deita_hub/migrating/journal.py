"""DEITA_HOME/migration.json: which migration was begun here, so that it and no other may go on in what it left.

It does not say how far it came. What can be done again without harm is done again, and what lies at its place whole
is found there; so a source that changed between two runs is no half-old copy.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Any

from deita_hub.settings import Settings


class Journal:
    """The note about the last migration from this DEITA_HOME."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.home / "migration.json"

    def of(self, places: dict[str, str | None]) -> dict[str, Any] | None:
        """What is noted of a migration to these places: `{places, began_at, report}`; None when there is nothing."""
        try:
            noted: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return noted if noted["places"] == places else None

    def begin(self, places: dict[str, str | None]) -> None:
        """Note that what lies there from now on is this migration's."""
        self._write({"places": places, "began_at": _now(), "report": None})

    def finish(self, places: dict[str, str | None], report: dict[str, Any]) -> None:
        """Note that it is done: nothing is copied there any more, for it may be in use."""
        self._write({**(self.of(places) or {}), "places": places, "ended_at": _now(), "report": report})

    def _write(self, noted: dict[str, Any]) -> None:
        fresh = self._path.with_name(f".{self._path.name}.new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(noted, file, ensure_ascii=False, indent=2)
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(0o600)
        fresh.replace(self._path)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
