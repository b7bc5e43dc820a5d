"""Asks the workspace side for what only it knows how to do, in a process that lives as long as one task.

The two sides share no package: this is `python -m deita_server.moving`, and its module says what is spoken.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from pydantic_core import to_jsonable_python

from deita_hub import storage
from deita_hub.broker.broker import database_issuer, storage_issuer
from deita_hub.broker.storage import Access, IssueFailedError
from deita_hub.migrating.errors import MigrationError
from deita_hub.settings import Settings

COMMAND = (sys.executable, "-P", "-m", "deita_server.moving")
PERSON = "migrate"
RENEWED_S = 2400.0
"""Credentials last an hour."""
PASSED_ON = ("PATH", "LANG", "TZ", "HOME", "TMPDIR")

Name = Literal["inspect", "prepare", "files", "compare"]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Workplace:
    """A workspace at a place: the settings say where that is."""

    settings: Settings
    workspace_id: str

    @property
    def folder(self) -> Path:
        """What of it lies on this machine's disk."""
        return storage.folder(self.settings, self.workspace_id)

    @property
    def remote(self) -> str | None:
        """The URL of its keys, where there are any."""
        return storage.url(self.settings, self.workspace_id) if self.settings.objects else None

    def issue(self, access: Access) -> dict[str, Any]:
        """What reaches its storage and database for an hour; a server that is slow is asked again. Raises
        MigrationError.
        """
        for last in (False, False, True):
            try:
                return self._issued(access)
            except IssueFailedError as error:
                if last:
                    raise MigrationError("no_credentials", str(error)) from error
        raise AssertionError("the last attempt returns or raises")

    def _issued(self, access: Access) -> dict[str, Any]:
        keys = storage_issuer(self.settings).issue(self.workspace_id, PERSON, access)
        login = database_issuer(self.settings).issue(self.workspace_id, PERSON, access)
        return {"storage": to_jsonable_python(keys), "database": to_jsonable_python(login)}

    def revoke(self) -> None:
        """End what was issued for the database now; where that cannot be done, it ends within the hour."""
        with contextlib.suppress(IssueFailedError):
            database_issuer(self.settings).revoke(self.workspace_id)


@dataclass(frozen=True)
class Move:
    """A workspace on its way."""

    source: Workplace
    target: Workplace
    moves_files: bool


def ask(task: Name, move: Move, access: Access, progress: Progress) -> dict[str, Any]:
    """Have a task done and return its answer. Raises MigrationError with the code of what went wrong."""
    place = move.source if task == "inspect" else move.target
    told = {
        "task": task,
        "source": str(move.source.folder),
        "folder": str(place.folder),
        "remote": place.remote,
        "moves_files": move.moves_files,
    }
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment |= {name: value for name, value in os.environ.items() if name.startswith("DEITA_ENGINE_")}
    over = threading.Event()
    with subprocess.Popen(
        COMMAND, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            _write(process.stdin, told)
            _write(process.stdin, place.issue(access))
            threading.Thread(target=_renew, args=(process.stdin, place, access, over), daemon=True).start()
            return _answer(process.stdout, progress)
        finally:
            over.set()
            process.kill()


def _answer(lines: IO[str], progress: Progress) -> dict[str, Any]:
    for line in lines:
        said = json.loads(line)
        if "progress" in said:
            progress(*said["progress"])
        elif "error" in said:
            error = said["error"]
            hint = f" {error['hint']}" if error["hint"] else ""
            raise MigrationError(error["code"], f"{error['message']}{hint}")
        else:
            done: dict[str, Any] = said["done"]
            return done
    raise MigrationError("interrupted", "The process that worked on the workspace ended. Run the migration again.")


def _renew(stdin: IO[str], place: Workplace, access: Access, over: threading.Event) -> None:
    while not over.wait(RENEWED_S):
        try:
            _write(stdin, place.issue(access))
        except (MigrationError, OSError, ValueError):
            continue  # the ones before are good for some time; then the task itself says so


def _write(stdin: IO[str], line: dict[str, Any]) -> None:
    stdin.write(f"{json.dumps(line)}\n")
    stdin.flush()
