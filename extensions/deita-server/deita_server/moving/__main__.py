"""`python -m deita_server.moving`: one task of `deita migrate` for one workspace, in a process of its own.

The first line of stdin is the task, each further one what the control plane's broker issued, valid from then on. Each
line of stdout is `{"progress": [what, done, of]}`, and the last `{"done": …}` or `{"error": {code, message}}`. So no
credential is in an argument or an environment, and the hub side needs no package of this side.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import json
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from deita_engine.bucket_client import Keys
from deita_engine.objects import Objects
from deita_engine.relocation import Execute, relocate
from deita_engine.shapes import EngineError

from deita_server.errors import DeitaError

from . import contents, transfer
from .preparation import prepare
from .survey import survey

Answer = dict[str, Any]


class Task:
    """What is to be done: `source` is a workspace's folder, `folder` and `remote` the place that it goes to or is."""

    def __init__(self, told: dict[str, Any], given: io.RawIOBase) -> None:
        self.source, self.folder = Path(told["source"]), Path(told["folder"])
        self.remote: str | None = told["remote"]
        self._moves_files: bool = told["moves_files"]
        self._has_lake = (self.source / "lake.sqlite").exists()
        self._issued: dict[str, Any] = {}
        self._given = threading.Event()
        threading.Thread(target=self._take, args=[given], daemon=True).start()

    def _take(self, given: io.RawIOBase) -> None:
        while line := given.readline():
            self._issued = json.loads(line)
            self._given.set()
        os._exit(1)  # whoever gave the task is gone, and may give it to another process

    def issued(self) -> dict[str, Any]:
        """What was issued last; waits for the first."""
        self._given.wait()
        return self._issued

    async def access(self) -> dict[str, Any]:
        """The same for an engine."""
        return await asyncio.to_thread(self.issued)

    def objects(self) -> Objects:
        """The keys of the place."""
        assert self.remote is not None
        return Objects(self.remote, lambda: Keys.of(self.issued()["storage"]))

    # the tasks

    def inspect(self) -> Answer:
        """Say what the source's tables hold; of files that are to move, whether they are whole and how many."""
        found = self._checked() if self._moves_files else {"files": 0, "bytes": 0, "left": []}
        return {**found, "tables": self._tables()}

    def _tables(self) -> list[dict[str, Any]]:
        if not self._has_lake:
            return []
        engine = {name: value for name, value in os.environ.items() if name.startswith("DEITA_ENGINE_")}
        progress("read tables", 0, 0)
        return asyncio.run(survey(self.folder, self.remote, self.access, engine))

    def _checked(self) -> Answer:
        found = contents.contents_of(self.source)
        wrong = [*transfer.bent(found, progress), *sorted(contents.missing(self.source))]
        if wrong:
            message = f"Bytes of these files are not what their name says, or are missing: {', '.join(wrong[:10])}."
            raise DeitaError("file_damaged", message, "Bring them back from a backup, or delete the files.")
        paths = [*(item.path for item in found.items if item.path), *(self.source / name for name in found.local)]
        size = sum(path.stat().st_size for path in paths)
        return {"files": len(found.items) + len(found.local), "bytes": size, "left": found.left}

    def prepare(self) -> Answer:
        """Make the empty tables in PostgreSQL."""
        asyncio.run(prepare(self.folder, self.remote, self.issued, with_lake=self._has_lake))
        return {}

    def files(self) -> Answer:
        """Bring all files to the place, then have the lake's catalog there name them."""
        found = contents.contents_of(self.source)
        transfer.copy_local(found, self.source, self.folder, progress)
        transfer.upload(found, self.objects(), progress)
        if self._has_lake:
            with self._catalog() as (execute, mark):
                relocate(execute, found.lake, f"{self.remote}/lake", mark)
        return {}

    def compare(self) -> Answer:
        """Say what the tables hold at the place; read back the files that `files` brought there."""
        if self._moves_files:
            found = contents.contents_of(self.source)
            wrong = transfer.differing(found, self.objects(), progress)
            wrong += transfer.differing_local(found, self.source, self.folder, progress)
            if wrong:
                message = f"What arrived is not what was sent: {', '.join(wrong[:10])}."
                raise DeitaError("file_damaged", message, "Run the migration again.")
        return {"tables": self._tables()}

    @contextlib.contextmanager
    def _catalog(self) -> Iterator[tuple[Execute, str]]:
        """DuckLake's tables at the place, in one transaction."""
        database = self.issued()["database"]
        if database["kind"] == "sqlite":
            with contextlib.closing(sqlite3.connect(self.folder / "lake.sqlite")) as file, file:
                yield file.execute, "?"
            return
        options = f"-c search_path={database['lake_schema']}"
        with psycopg.connect(database["url"], options=options, connect_timeout=5) as connection:
            yield connection.execute, "%s"


def progress(what: str, done: int, of: int) -> None:
    """Tell how far it is."""
    say({"progress": [what, done, of]})


def say(line: dict[str, Any]) -> None:
    """Write a line; several threads may."""
    sys.stdout.write(f"{json.dumps(line)}\n")
    sys.stdout.flush()


def main() -> int:
    """Do the task that stdin names."""
    given = io.FileIO(0, closefd=False)  # without a buffer, whose lock a thread would hold at the end
    told = json.loads(given.readline())
    tasks = {"inspect": Task.inspect, "prepare": Task.prepare, "files": Task.files, "compare": Task.compare}
    try:
        say({"done": tasks[told["task"]](Task(told, given))})
    except (DeitaError, EngineError) as error:
        say({"error": {"code": error.code, "message": error.message, "hint": error.hint}})
        return 1
    except OSError as error:
        code = "no_space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "file_unreadable"
        message = f"{error.strerror or 'This cannot be read or written'}: {error.filename}"
        say({"error": {"code": code, "message": message, "hint": None}})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
