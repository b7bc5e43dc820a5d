"""Compaction: a table of many small files, or of files with many deleted rows, gets new files with the same rows.

It makes no version. The rows are written before the lock is taken; under it the table only changes its files, and only
if nobody changed the table meanwhile. DuckLake's own `merge_adjacent_files` was not taken: it makes files that hold the
rows of several snapshots, which the reader would have to tell apart at every look back.

The new files are good for the past, too, back to the snapshot that last changed the table: `settle` says so in the
catalog, so that the old files go as soon as no older version needs them. It may be lost with the process and is
simply done again by the next one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from .catalog import GENERATION, DataFile, LakeTable, quoted
from .copies import Copies, is_linkable
from .reader import Reader
from .shapes import EngineError
from .writer import Change, Writer, add_files

if TYPE_CHECKING:
    from .operations import Operation

SMALL_BYTES = 16 * 1024**2
MANY_FILES = 8
MANY_DELETED = 0.2
TENDED = (
    "SELECT snapshot_id, commit_extra_info FROM ducklake_snapshot_changes"
    " WHERE snapshot_id > $settled AND commit_extra_info LIKE '{\"upkeep\"%'"
)

CHANGED = [
    f"SELECT max(begin_snapshot), max(end_snapshot){more} FROM {table} WHERE table_id = $table"  # noqa: S608
    for table, more in (
        ("ducklake_table", ""),
        ("ducklake_column", ""),
        ("ducklake_data_file", ""),
        ("ducklake_delete_file", ", max(partial_max)"),
    )
]


@dataclass
class Compacted:
    """What was done: how many tables, from how many files to how many; `left` are those beyond the budget."""

    tables: int = 0
    files_before: int = 0
    files_after: int = 0
    left: int = 0


class Compaction:
    """Finds the tables that are due and compacts them."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self.catalog, self.writer, self.copies = writer.catalog, writer, Copies(reader)

    def run(self, operation: Operation, budget: int) -> Compacted:
        """Compact what is due, the cheapest first, as long as no more than `budget` bytes are written anew."""
        done = Compacted()
        snapshot = self.catalog.snapshot()
        due = [table for table in snapshot.tables if is_due(table)]
        for table in sorted(due, key=_cost):
            budget -= _cost(table)
            after = self._compact(operation, table, snapshot.id) if budget >= 0 else 0
            if after:
                done.tables += 1
                done.files_before += len(table.files)
                done.files_after += after
            else:
                done.left += 1
        self.settle(operation)
        return done

    def settle(self, operation: Operation) -> None:
        """Let the files of every compaction stand for the past that has the same rows."""

        def body(cursor: duckdb.DuckDBPyConnection) -> None:
            settled, tables = self.catalog.generation(), self.writer.metadata.tables
            with self.catalog.reading() as ask:
                found = ask(TENDED, settled=settled) if ask else []
            tended = [(snapshot, json.loads(info)["upkeep"]) for snapshot, info in found]
            if not tended:
                return
            cursor.execute("BEGIN")
            for snapshot, about in tended:
                for border in ("begin_snapshot", "end_snapshot"):
                    cursor.execute(
                        f"UPDATE {tables}.ducklake_data_file SET {border} = $since"  # noqa: S608
                        f" WHERE table_id = $table AND {border} = $snapshot",
                        {"since": about["since"], "table": about["table"], "snapshot": snapshot},
                    )
                cursor.execute(  # DuckLake leaves the deletes of a file that is gone as they are
                    f"UPDATE {tables}.ducklake_delete_file SET end_snapshot = $since"  # noqa: S608
                    " WHERE table_id = $table AND begin_snapshot <= $since AND end_snapshot IS NULL",
                    about,
                )
            newest = str(max(snapshot for snapshot, _ in tended))
            cursor.execute(f"DELETE FROM {tables}.ducklake_metadata WHERE key = $1", [GENERATION])  # noqa: S608
            cursor.execute(
                f"INSERT INTO {tables}.ducklake_metadata (key, value) VALUES ($1, $2)",  # noqa: S608
                [GENERATION, newest],
            )
            cursor.execute("COMMIT")

        self.writer.tend(operation, body)

    def _changed_at(self, table: LakeTable) -> int:
        """The last snapshot that changed anything of a table."""
        with self.catalog.reading() as ask:
            found = [ask(sql, table=table.id)[0] for sql in CHANGED] if ask else []
        return max(int(number) for row in found for number in row if number is not None)

    def _compact(self, operation: Operation, table: LakeTable, snapshot: int) -> int:
        """Give the table new files; returns how many, 0 when somebody changed it meanwhile."""
        files = self.copies.made(operation, self.catalog.folder(table.name), table, snapshot, _stays)

        def body(cursor: duckdb.DuckDBPyConnection) -> Change:
            if table not in self.catalog.snapshot().tables:
                raise EngineError("conflict", "The table was changed meanwhile.")
            about = {"table": table.id, "since": self._changed_at(table)}
            cursor.execute(f"DELETE FROM {quoted(table.name)}")  # noqa: S608
            add_files(cursor, table.name, files)
            message = f"Compact {len(table.files)} files of {table.name}"
            return Change(table.name, "write", "Deita", message, upkeep=about)

        try:
            self.writer.commit(operation, body)
        except BaseException as error:  # whatever ended it, what it left goes first
            for file in files:
                self.catalog.discard(file)
            if isinstance(error, EngineError) and error.code == "conflict":
                return 0
            raise
        return len(files)


def is_due(table: LakeTable) -> bool:
    """Whether the table has too many small files or a file with too many deleted rows."""
    small = sum(file.bytes < SMALL_BYTES for file in table.files)
    return small >= MANY_FILES or any(file.deleted > MANY_DELETED * file.rows for file in table.files)


def _stays(file: DataFile) -> bool:
    return is_linkable(file) and file.bytes >= SMALL_BYTES


def _cost(table: LakeTable) -> int:
    return sum(file.bytes for file in table.files if not _stays(file))
