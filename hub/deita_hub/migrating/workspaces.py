"""One workspace: its database, its lake's catalog, its files, and the proof that the copy holds the same."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from deita_hub.migrating import tables
from deita_hub.migrating.errors import MigrationError
from deita_hub.migrating.plan import Plan
from deita_hub.migrating.workspace_side import Move, Progress, Workplace, ask

DATABASES = ("workspace", "lake")
Stage = Callable[[str], Progress]
"""Says that something begins; returns what is told how far it is."""


def inspect(plan: Plan, workspace_id: str, stage: Stage) -> dict[str, Any]:
    """What a workspace has that would be copied: `{tables, files, bytes, left}`. Raises MigrationError."""
    move = _move(plan, workspace_id)
    if not move.source.folder.exists():  # nobody opened it yet
        return {"tables": [], "files": 0, "bytes": 0, "left": []}
    return ask("inspect", move, "read", stage("inspect"))


def migrate(plan: Plan, workspace_id: str, stage: Stage) -> dict[str, Any]:
    """Copy a workspace and compare; returns the same, and `databases`: rows by table. Raises MigrationError."""
    move, found = _move(plan, workspace_id), inspect(plan, workspace_id, stage)
    if not move.source.folder.exists():
        return found
    counts = _copy_databases(plan, move, stage)
    if plan.moves_storage:
        ask("files", move, "write", stage("copy files"))
    _check_same(found["tables"], ask("compare", move, "read", stage("compare"))["tables"])
    move.target.revoke()
    return {**found, "databases": counts}


def _move(plan: Plan, workspace_id: str) -> Move:
    source, target = Workplace(plan.source, workspace_id), Workplace(plan.target, workspace_id)
    return Move(source, target, plan.moves_storage)


def _check_same(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    if before != after:
        names = sorted({table["name"] for table in [*before, *after] if table not in before or table not in after})
        raise MigrationError("tables_differ", f"These tables hold something else after the copy: {', '.join(names)}.")


def _copy_databases(plan: Plan, move: Move, stage: Stage) -> dict[str, dict[str, int]]:
    source, target = move.source.folder, move.target.folder
    here = [name for name in DATABASES if (source / f"{name}.sqlite").exists()]
    if not plan.moves_database:
        for name in here:
            stage(f"copy {name}.sqlite")
            _copy_file(source / f"{name}.sqlite", target / f"{name}.sqlite")
        return {}
    if here:
        ask("prepare", move, "write", stage("make tables"))
    counts = {}
    for name in here:
        stage(f"copy rows of {name}.sqlite")
        schema = f"{name}_{move.target.workspace_id}"
        with (
            tables.source(source / f"{name}.sqlite") as rows,
            tables.target(plan.target.database_url, schema) as into,
        ):
            counts[name] = tables.copy(rows, into)
    return counts


def _copy_file(source: Path, target: Path) -> None:
    """Copy a SQLite file with what is in its log; it is complete before it has its name."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = target.with_suffix(".migrating")
    fresh.unlink(missing_ok=True)
    with tables.source(source) as rows, closing(sqlite3.connect(fresh)) as copy:
        rows.backup(copy)
    with fresh.open("rb") as written:
        os.fsync(written.fileno())
    fresh.replace(target)
