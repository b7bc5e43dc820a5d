"""A view of one workspace at one moment; run as a program of its own, behind walls, with the workspace's folder.

What lies there is its members' doing: links that lead elsewhere are links in the view, too, and lead nowhere behind the
walls. Databases are copied, everything else is hard-linked: bytes are immutable here, so that a link costs nothing and
what is deleted meanwhile stays in the view. While it is made, the lake's write lock is held, and a transaction of the
workspace database that keeps others from writing: for the time of copying small databases and making the links.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from deita_hub.lifeline import FileLock, LockBusyError

PEOPLE = "people"
INSIDE = Path(PEOPLE, ".backup")
"""Where the view is made: members see no other folder than their own below `people`."""
BUSY_SECONDS = 30.0
WORKSPACE, LOCK = "workspace.sqlite", "write.lock"
# What a workspace makes again by itself: uploads under way, results, links to files, marks and locks of servers.
LEFT_OUT = {"incoming", "spool", "cache", "view"}
LEFT_OUT_ENDINGS = (".lock", "-wal", "-shm", "-journal")


def make_view(workspace: Path) -> None:
    """Link and copy a workspace into `INSIDE` of it. Raises LockBusyError, sqlite3.Error, OSError."""
    target = workspace / INSIDE
    if target.exists():
        shutil.rmtree(target)  # of a backup that was killed: only one runs at a time
    target.mkdir(mode=0o700, parents=True)
    with FileLock(workspace / LOCK), _no_writer(workspace / WORKSPACE):
        _ours(workspace, target)


def copy_database(source: Path, target: Path) -> None:
    """A copy of an SQLite database that others write to."""
    with (
        contextlib.closing(sqlite3.connect(source, timeout=BUSY_SECONDS)) as read,
        contextlib.closing(sqlite3.connect(target)) as write,
    ):
        read.backup(write)
    target.chmod(0o600)


@contextlib.contextmanager
def _no_writer(database: Path) -> Iterator[None]:
    """Keep others from writing: rows that name bytes go before the bytes do."""
    if not database.exists():
        yield
        return
    with contextlib.closing(sqlite3.connect(database, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def _ours(source: Path, target: Path) -> None:
    """What Deita itself keeps in a folder: its databases are copied, marks and what it makes again are left out."""
    for entry in _entries(source):
        place = target / entry.name
        if entry.name in LEFT_OUT or entry.name.endswith(LEFT_OUT_ENDINGS):
            continue
        if entry.name == PEOPLE:
            place.mkdir(mode=0o700)
            for person in _entries(Path(entry.path)):
                if person.is_dir(follow_symlinks=False) and person.name != INSIDE.name:
                    (place / person.name).mkdir(mode=0o700)
                    _ours(Path(person.path), place / person.name)
        elif entry.is_file(follow_symlinks=False) and entry.name.endswith(".sqlite"):
            copy_database(Path(entry.path), place)
        else:
            _link(entry, place)


def _link(entry: os.DirEntry[str], place: Path) -> None:
    """The same file under another name; of a folder everything in it. Sockets and their like are no files."""
    if entry.is_dir(follow_symlinks=False):
        place.mkdir(mode=0o700)
        for inside in _entries(Path(entry.path)):
            _link(inside, place / inside.name)
    elif entry.is_file(follow_symlinks=False) or entry.is_symlink():
        with contextlib.suppress(FileNotFoundError):  # a program's temporary file that is gone by now
            os.link(entry.path, place, follow_symlinks=False)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        return sorted(found, key=lambda each: each.name)


if __name__ == "__main__":
    try:
        make_view(Path(sys.argv[1]))
    except (LockBusyError, sqlite3.Error, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
