"""The person's results on disk: which there are, how old, how large, and which must go.

The engine writes `<query id>.arrow` and the exports beside it; what is known of the query is in the person's history.
Functions here block; call them in a thread.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterable
from pathlib import Path


def prepare_spool(folder: Path, query_ids: frozenset[str]) -> None:
    """Make the folder, and remove the results of all queries but these: nobody knows them any more."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for path in _results(folder):
        if _query_id(path) not in query_ids:
            path.unlink(missing_ok=True)


def forget(folder: Path, query_ids: Iterable[str]) -> None:
    """Remove everything of these queries."""
    gone = frozenset(query_ids)
    for path in _results(folder):
        if _query_id(path) in gone:
            path.unlink(missing_ok=True)


def sweep(folder: Path, lifetime: float, max_bytes: int, busy: frozenset[str]) -> None:
    """Remove results older than `lifetime` seconds, then the oldest until they fit `max_bytes`; never `busy` ones."""
    found: list[tuple[float, int, int, Path]] = []
    for path in _results(folder):
        if _query_id(path) in busy:
            continue
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        found.append((stat.st_mtime, stat.st_ino, stat.st_size, path))
    links = Counter(inode for _, inode, _, _ in found)  # queries that were answered from one result share its file
    total = sum({inode: size for _, inode, size, _ in found}.values())
    for modified, inode, size, path in sorted(found):
        if modified < time.time() - lifetime or total > max_bytes:
            path.unlink(missing_ok=True)
            links[inode] -= 1
            total -= 0 if links[inode] else size


def _results(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file() and _is_uuid(_query_id(path))]


def _query_id(path: Path) -> str:
    return path.name.partition(".")[0]


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
