"""The person's results on disk: which there are, how old, how large, and which must go.

Beside `<query id>.arrow`, which the engine writes, lies `<query id>.query.json`: what the server knows of the query, so
that a restart forgets no result. Functions here block; call them in a thread.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

RECORD = "query.json"


def prepare_spool(folder: Path) -> list[dict[str, Any]]:
    """Make the folder, remove what no record names, and return the records, oldest first."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    records = [record for path in folder.glob(f"*.{RECORD}") if (record := _read(path)) is not None]
    known = {record["id"] for record in records}
    for path in _results(folder):
        if _query_id(path) not in known:
            path.unlink(missing_ok=True)
    return sorted(records, key=lambda record: record["started_at"])


def write_records(folder: Path, records: Iterable[dict[str, Any]]) -> None:
    """Write down queries; a reader never sees half of one."""
    for record in records:
        path = folder / f"{record['id']}.{RECORD}"
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(record, ensure_ascii=False))
        temporary.replace(path)


def forget(folder: Path, query_ids: Iterable[str]) -> None:
    """Remove everything of these queries."""
    gone = frozenset(query_ids)
    for path in _results(folder):
        if _query_id(path) in gone:
            path.unlink(missing_ok=True)


def sweep(folder: Path, lifetime: float, max_bytes: int, busy: frozenset[str]) -> None:
    """Remove results older than `lifetime` seconds, then the oldest until they fit `max_bytes`; never `busy` ones."""
    found = []
    for path in _results(folder):
        if path.name.endswith(RECORD) or _query_id(path) in busy:
            continue
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        found.append((stat.st_mtime, stat.st_size, path))
    total = sum(size for _, size, _ in found)
    for modified, size, path in sorted(found):
        if modified < time.time() - lifetime or total > max_bytes:
            path.unlink(missing_ok=True)
            total -= size


def _results(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file() and _is_uuid(_query_id(path))]


def _query_id(path: Path) -> str:
    return path.name.partition(".")[0]


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _read(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError):
        path.unlink(missing_ok=True)
        return None
    return record if isinstance(record, dict) and "id" in record and "started_at" in record else None
