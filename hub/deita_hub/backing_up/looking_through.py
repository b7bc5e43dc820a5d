"""Whether what restic gave back is whole: databases by themselves, files by the hash that is their name."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from deita_hub.backing_up.errors import BackupError

DATABASES = ("hub.sqlite", "catalog.sqlite")
HASH_DIGITS = 64


def look_through(content: Path) -> int:
    """Check every database and every file that is known by its hash; how many files. Raises BackupError naming one."""
    databases = [content / name for name in DATABASES if (content / name).exists()]
    for database in [*databases, *found(content, "*.sqlite", "people/*/*.sqlite")]:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            try:
                said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            except sqlite3.DatabaseError as error:
                said = str(error)
        if said != "ok":
            raise BackupError(f"{database.relative_to(content)} of this backup is damaged: {said}")
    return check_hashes(content, found(content, "files/??/*"))


def check_hashes(content: Path, files: Iterable[Path]) -> int:
    """Read files whose names are the SHA-256 of their bytes; how many. Raises BackupError naming a damaged one."""
    count = 0
    for place in files:
        with place.open("rb") as file:
            if len(place.name) == HASH_DIGITS and hashlib.file_digest(file, "sha256").hexdigest() != place.name:
                raise BackupError(f"The file {place.relative_to(content)} of this backup is damaged.")
        count += 1
    return count


def found(content: Path, *patterns: str) -> Iterator[Path]:
    """What lies in workspaces by these patterns, also in deleted ones."""
    for pattern in patterns:
        yield from (content / "storage").glob(f"*/{pattern}")
        yield from (content / "storage" / ".trash").glob(f"*/{pattern}")
