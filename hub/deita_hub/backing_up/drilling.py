"""A restore that is tried: a second Deita comes up from the newest backup alone and answers for every table."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from deita_hub import secret_files
from deita_hub.backing_up import making
from deita_hub.backing_up.drill_place import drill_place
from deita_hub.backing_up.restic import BackupError, Restic
from deita_hub.backing_up.restoring import restore
from deita_hub.catalog.database import Catalog
from deita_hub.catalog.models import Member, Workspace
from deita_hub.cli.output import VerbError
from deita_hub.cli.running import Running
from deita_hub.settings import Settings

UP = (sys.executable, "-c", "from deita_hub.cli import main; main()", "up", "--json")
QUERY_MS = 30_000
QUERY_SECONDS = 600
TOKEN_SECONDS = 900
STOP_SECONDS = 60


@dataclass(frozen=True)
class Drill:
    """What a trial showed. `rto_seconds`: from nothing to a Deita that answers; `rpo_seconds`: the backup's age."""

    snapshot: str
    time: str
    workspaces: int
    tables: int
    rows: int
    files: int
    rto_seconds: float
    rpo_seconds: float
    seconds: float


def drill(settings: Settings) -> Drill:
    """Bring the newest backup up beside the running Deita and compare. Raises BackupError naming what differs."""
    restic, now = Restic(settings), datetime.now(UTC)
    found = restic.snapshots()
    if not found:
        raise BackupError("There is no backup yet: make one with `deita backup`.")
    newest = found[-1]
    with drill_place(settings) as copy:
        began = time.monotonic()
        restored = restore(restic, copy, newest.id)
        if restored.missing:
            raise BackupError(f"The backup lacks files that its databases name: {', '.join(restored.missing)}.")
        with _started(copy) as deita:
            rto = time.monotonic() - began
            counts = [_compared(deita, slug, owner) for slug, owner in _workspaces(copy)]
        seconds = time.monotonic() - began
    done = Drill(
        newest.id,
        now.isoformat(timespec="seconds"),
        len(counts),
        sum(tables for tables, _ in counts),
        sum(rows for _, rows in counts),
        restored.files,
        round(rto, 1),
        round((now - newest.time).total_seconds(), 1),
        round(seconds, 1),
    )
    making.note(settings, drill=asdict(done))
    return done


@contextmanager
def _started(settings: Settings) -> Iterator[Running]:
    log = settings.home / "up.stderr"
    with (
        log.open("w") as stderr,
        subprocess.Popen(UP, env=settings.environment(), stdout=subprocess.PIPE, stderr=stderr, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise BackupError(f"The restored Deita did not start: {log.read_text()[-2000:].strip()}")
            told = json.loads(line)
            yield Running(settings, told["url"], told["local"], secret_files.load(settings).operator_token)
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def _workspaces(settings: Settings) -> list[tuple[str, str]]:
    """Slug and one owner of every workspace that is not deleted."""
    catalog = Catalog(settings.database_url)
    try:
        with catalog.read() as session:
            owners = select(Workspace.slug, func.min(Member.person)).join(Member).where(Member.role == "owner")
            found = session.execute(owners.where(Workspace.deleted_at.is_(None)).group_by(Workspace.slug)).all()
    finally:
        catalog.close()
    return sorted((row[0], row[1]) for row in found)


def _compared(deita: Running, slug: str, owner: str) -> tuple[int, int]:
    """How many tables and rows a workspace gives, each table counted anew from its Parquet."""
    try:
        api = deita.data_plane(owner, slug)
        token = deita.token(owner, "drill", TOKEN_SECONDS)
        tables = _all(deita, f"{api}/tables", token)
        for table in tables:
            counted = _count(deita, api, token, table["name"])
            if counted != table["rows"]:
                raise BackupError(f"{slug}: {table['name']} has {counted} rows, its catalog says {table['rows']}.")
        deita.as_person(owner, "POST", f"/workspaces/{slug}/stop", (202,))
    except VerbError as error:
        raise BackupError(f"{slug}: {error.message}") from error
    return len(tables), sum(table["rows"] for table in tables)


def _all(deita: Running, path: str, token: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = deita.ask("GET", path, (200,), token=token, params={"cursor": cursor, "limit": 200})
        items += page["items"]
        cursor = page["next"]
    return items


def _count(deita: Running, api: str, token: str, table: str) -> int:
    quoted = table.replace('"', '""')
    body = {"sql": f'SELECT count(*) FROM "{quoted}"', "wait_ms": QUERY_MS}  # noqa: S608
    query = deita.ask("POST", f"{api}/queries", (200, 202), token=token, json=body)
    deadline = time.monotonic() + QUERY_SECONDS
    while query["state"] in ("queued", "running") and time.monotonic() < deadline:
        query = deita.ask("GET", f"{api}/queries/{query['id']}", (200,), token=token, params={"wait_ms": QUERY_MS})
    if query["state"] != "done":
        raise BackupError(f"{table} cannot be counted: {query.get('error')}")
    return int(query["rows"][0][0])
