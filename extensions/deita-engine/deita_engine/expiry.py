"""Expiry: snapshots that nothing needs any more are forgotten, and then the files that only they had are deleted.

Who calls says which snapshots stay; the newest one, the empty first one and the last commit of every name stay always.
Deleting waits a while after forgetting, because a query that began before still reads the files. Orphans (a killed
process leaves a file that no transaction registered) are told by the time of their last link and not, as DuckLake's own
`delete_orphaned_files` does, of their last change: a restore links old files before it registers them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb

from .lake_files import name_of
from .shapes import UpkeepSpec
from .writer import Writer

if TYPE_CHECKING:
    from .operations import Operation

AT_ONCE = 200
KNOWN = " UNION ALL ".join(
    f"SELECT path FROM {table}"  # noqa: S608
    for table in ("ducklake_data_file", "ducklake_delete_file", "ducklake_files_scheduled_for_deletion")
)


@dataclass
class Expired:
    """How many snapshots were forgotten, and how many files deleted of those that were forgotten, and of orphans."""

    snapshots: int = 0
    files: int = 0
    orphans: int = 0


class Expiry:
    """Forgets and deletes."""

    def __init__(self, writer: Writer) -> None:
        self.writer, self.catalog = writer, writer.catalog

    def run(self, operation: Operation, spec: UpkeepSpec, deadline: float) -> Expired:
        """Forget what may be forgotten and delete what may be deleted; stops between two steps at the deadline."""
        done = Expired()
        gone = self._forgettable(spec)
        while gone and time.monotonic() < deadline:
            self._forget(operation, gone[:AT_ONCE])
            done.snapshots += len(gone[:AT_ONCE])
            gone = gone[AT_ONCE:]
        done.files = self._delete(operation, spec.grace_s)
        done.orphans = self._delete_orphans(spec.orphan_s)
        return done

    def _forgettable(self, spec: UpkeepSpec) -> list[int]:
        with self.catalog.reading() as ask:
            rows = ask("SELECT snapshot_id, snapshot_time FROM ducklake_snapshot") if ask else []
        newest = max((row[0] for row in rows), default=0)
        last = {commit.snapshot for commit in self.catalog.newest_commits().values()}
        stays = {0, newest, *last, *spec.kept}
        old = {number for number, at in rows if number <= spec.known and str(at) < spec.before}
        return sorted(old - stays)

    def _forget(self, operation: Operation, snapshots: list[int]) -> None:
        listed = ", ".join(map(str, snapshots))
        call = f"SELECT count(*) FROM ducklake_expire_snapshots('lake', versions => [{listed}])"  # noqa: S608
        self.writer.tend(operation, lambda cursor: cursor.execute(call).fetchall())

    def _delete(self, operation: Operation, grace_s: float) -> int:
        until = datetime.fromtimestamp(time.time() - grace_s, UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")
        call = f"SELECT count(*) FROM ducklake_cleanup_old_files('lake', older_than => '{until}'::TIMESTAMPTZ)"  # noqa: S608
        scheduled = f"SELECT count(*) FROM {self.writer.metadata.tables}.ducklake_files_scheduled_for_deletion"  # noqa: S608
        counted: list[int] = []

        def body(cursor: duckdb.DuckDBPyConnection) -> None:
            for statement in (scheduled, call, scheduled):
                counted.append(int(cursor.execute(statement).fetchall()[0][0]))

        self.writer.tend(operation, body)
        return counted[0] - counted[-1]

    def _delete_orphans(self, age: float) -> int:
        old = list(self.catalog.lake.older_than(age))
        with self.catalog.reading() as ask:  # read after the files were listed: what was registered meanwhile is known
            known = {name_of(row[0]) for row in ask(KNOWN)} if ask else set()
        orphans = [location for location in old if name_of(location) not in known]
        for location in orphans:
            self.catalog.lake.remove(location)
        self.catalog.lake.forget_others(known)
        return len(orphans)
