"""`python -m deita_server.copies WORKSPACE TARGET`: copies of a workspace's SQLite files for who may only read them.

A dashboard server sees the workspace's folder read-only, and SQLite in WAL mode cannot be read from such a folder: it
wants its shared memory beside the file. So copies are made by a process of their own, by SQLite's backup, after each
commit; each is a whole file without a write-ahead log, put into its place at once, which a reader opens as immutable.
Not taken: copying by the members' servers (nobody would do it after a crash), by the control plane itself (SQLite
follows a link in the place of `…-wal`, and members may put anything into their folder), and copying into a file in
place (its reader could hold it up).

It ends when its standard input does.
"""

from __future__ import annotations

import contextlib
import resource
import select
import sqlite3
import sys
import time
from pathlib import Path

NAMES = ("workspace.sqlite", "lake.sqlite")
"""Copied in this order, so that the lake has what the workspace database says about its versions."""
EVERY_S = 0.5
SHARE = 0.2
"""The part of the time that copying may take, however large the files are."""
MOST_BYTES = 2 * 2**30
MEMORY = 512 * 2**20
BUSY_S = 5.0


class TooLargeError(Exception):
    """A file is larger than what is copied."""


class Copy:
    """One file and its copy. A connection stays open, which tells cheaply whether something was committed."""

    def __init__(self, source: Path, target: Path) -> None:
        self._source, self._target, self._fresh = source, target, target.with_suffix(".new")
        self._connection: sqlite3.Connection | None = None
        self._opened = 0
        self._copied: int | None = None

    def make(self) -> bool:
        """Copy what was committed since the last time; False when nothing was. Raises sqlite3.Error, TooLargeError."""
        if not self._source.exists():
            self.close()
            self._target.unlink(missing_ok=True)
            return False
        connection = self._open()
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if version == self._copied:
            return False
        if self._source.stat().st_size > MOST_BYTES:
            raise TooLargeError(f"{self._source.name} is larger than {MOST_BYTES} bytes.")
        self._fresh.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(self._fresh)) as copy:
            copy.execute("PRAGMA synchronous = OFF")
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        self._copied = version
        return True

    def publish(self) -> None:
        """Put the new copy into the place of the one before."""
        self._fresh.replace(self._target)

    def close(self) -> None:
        """Let the file go."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._copied = None

    def _open(self) -> sqlite3.Connection:
        """A connection to the file that has the name now: a workspace may have been restored."""
        number = self._source.stat().st_ino
        if number != self._opened:
            self.close()
        if self._connection is None:
            url = f"{self._source.absolute().as_uri()}?mode=rw"
            self._connection = sqlite3.connect(url, uri=True, timeout=BUSY_S)
            self._connection.execute("PRAGMA query_only = 1")
            self._opened = number
        return self._connection


class Copies:
    """The copies of one workspace."""

    def __init__(self, workspace: Path, target: Path) -> None:
        self._copies = [Copy(workspace / name, target / name) for name in NAMES]

    def renew(self) -> None:
        """Copy what was committed. Raises sqlite3.Error, OSError, TooLargeError; then it may be tried again."""
        try:
            fresh = [copy for copy in self._copies if copy.make()]
            for copy in reversed(fresh):
                copy.publish()
        except BaseException:  # whatever it was, the next time begins anew
            self.close()
            raise

    def close(self) -> None:
        """Let the files go."""
        for copy in self._copies:
            copy.close()


def main(workspace: str, target: str) -> None:
    """Renew the copies until standard input ends; a problem is said once, until there is another or none."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    copies, said, pause = Copies(Path(workspace), Path(target)), "", 0.0
    while not select.select([sys.stdin], [], [], pause)[0]:
        began, problem = time.monotonic(), ""
        try:
            copies.renew()
        except (sqlite3.Error, OSError, TooLargeError) as error:
            problem = f"The workspace's database cannot be copied for its viewers: {error}"
        if problem and problem != said:
            sys.stderr.write(problem + "\n")
            sys.stderr.flush()
        said = problem
        pause = max(EVERY_S, (time.monotonic() - began) / SHARE)
    copies.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
