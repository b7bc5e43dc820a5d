"""What the engine can be asked to do: one method an operation, named as on the socket."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from . import wire
from .catalog import Catalog, table_of
from .completion import Completer
from .errors import from_duckdb
from .exports import Exports
from .formats.registry import Limits, opened, preview
from .guard import judge
from .imports import Imports
from .profiles import Profiles
from .queries import Queries
from .reader import Reader
from .restores import Restores
from .results import Spool
from .shapes import EngineError, ImportSpec, QuerySpec, RowsSpec
from .slots import Slots
from .sources import DuckSource, SqliteSource
from .writer import Writer
from .writes import Writes

Send = Callable[..., None]


class Operation:
    """One operation under way: how to report on it and how to interrupt it."""

    def __init__(self, id: int, name: str, args: dict[str, Any], send: Send) -> None:
        self.id, self.name, self.args = id, name, args
        self._send = send
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self.interrupted = threading.Event()

    def report(self, event: str, attachment: bytes = b"", **content: Any) -> None:
        """Tell the server what happened."""
        self._send({"id": self.id, "event": event, **content}, attachment)

    def uses(self, connection: duckdb.DuckDBPyConnection | None) -> None:
        """The connection that an interrupt reaches from now on; raises when it came already."""
        with self._lock:
            self._connection = connection
        if connection is not None:  # what is over is over: an interrupt that comes late must not undo a commit's report
            self.check()

    def check(self) -> None:
        """Raise EngineError `interrupted` when the operation was interrupted."""
        if self.interrupted.is_set():
            raise EngineError("interrupted", "The operation was interrupted.")

    def interrupt(self) -> None:
        """Stop as soon as possible."""
        self.interrupted.set()
        with self._lock:
            if self._connection is not None:
                self._connection.interrupt()


class Operations:
    """The engine's parts, and the table of operations over them."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.storage, self.spool_folder = Path(options["storage"]), Path(options["spool"])
        lake = self.storage / "lake"
        temporary = Path(options["temporary"])
        shutil.rmtree(temporary, ignore_errors=True)  # what a killed process left; it is made anew when it is needed
        temporary.mkdir(parents=True)
        database = self.storage / "lake.sqlite"
        writes = options["role"] == "write"
        source = DuckSource(database, temporary) if writes else SqliteSource(database)
        self.catalog = Catalog(source, lake)
        self.reader = Reader(self.catalog, temporary, options["memory"], options["threads"])
        self.spool = Spool(self.spool_folder, options["result_max_bytes"])
        self.writer = Writer(
            self.catalog,
            database,
            self.storage / "write.lock",
            temporary,
            options["memory"],
            options["threads"],
            options["busy_timeout_s"],
        )
        self.read_only = bool(options["read_only"])
        slots = self.slots = Slots(options["max_running"])
        self.queries = Queries(self.reader, self.spool, slots)
        self.writes = Writes(self.reader, self.writer, self.spool, slots)
        self.profiles = Profiles(self.reader, slots)
        self.restores = Restores(self.reader, self.writer)
        self.completer = Completer(self.reader.connection)
        limits = Limits(options["memory"], options["threads"])
        self.exports = Exports(self.spool, temporary, options["memory"], options["threads"])
        rejects = self.storage / "rejects"
        self.imports = Imports(self.catalog, self.writer, rejects, temporary, limits, slots)

    def run(self, operation: Operation) -> None:
        """Run the operation; whatever it raises becomes a `failed` message."""
        try:
            getattr(self, f"do_{operation.name}")(operation, **operation.args)
        except EngineError as error:
            operation.report("failed", error=wire.error_message(error))
        except (duckdb.Error, MemoryError, OSError, ValueError, RuntimeError) as error:
            code = from_duckdb(error, str(operation.args.get("sql", "")))
            operation.report("failed", error=wire.error_message(code))

    def do_query(self, operation: Operation, **spec: Any) -> None:
        """Run a statement."""
        query = QuerySpec(**spec)
        if query.mode == "read":
            self.queries.run(operation, query)
            return
        with self.reader.parser() as parser:
            judged = judge(parser, query.sql, "write")
        if judged.writes:
            self._check_writable()
            self.writes.run(operation, query, judged)
        else:
            self.queries.run(operation, query)

    def do_import(self, operation: Operation, **spec: Any) -> None:
        """Read a file into a table."""
        self._check_writable()
        self.imports.run(operation, ImportSpec(**spec))

    def do_preview(self, operation: Operation, path: str, recipe: dict[str, Any]) -> None:
        """What a file would become; keeps nothing."""
        limits, folder = self.imports.limits, self.imports.temporary
        with self.slots.taken(operation), opened(operation, Path(path), recipe, folder, limits) as reading:
            found = preview(reading)
        operation.report("done", **found)

    def do_drop_table(self, operation: Operation, name: str, person: str, message: str) -> None:
        """Drop a table or view."""
        self._check_writable()
        operation.report("done", commit=self.writes.drop(operation, name, person, message))

    def do_rename_table(self, operation: Operation, name: str, new_name: str, person: str) -> None:
        """Rename a table or view."""
        self._check_writable()
        operation.report("done", commit=self.writes.rename(operation, name, new_name, person))

    def do_restore_table(self, operation: Operation, name: str, snapshot: int, person: str) -> None:
        """Bring a version back as the newest."""
        self._check_writable()
        operation.report("done", commit=self.restores.run(operation, name, snapshot, person))

    def do_table_at(self, operation: Operation, snapshot: int) -> None:
        """A table as a version of it was."""
        commit = self.catalog.commit(snapshot)
        operation.report("done", table=replace(table_of(self.catalog.held(commit), commit), rows=commit.rows))

    def do_profile(self, operation: Operation, table: str, version: int | None) -> None:
        """What each column of a table holds."""
        operation.report("done", profile=self.profiles.run(operation, table, version))

    def do_snapshot_at(self, operation: Operation, time: str) -> None:
        """The newest snapshot at a moment."""
        operation.report("done", snapshot=self.catalog.snapshot_at(time))

    def _check_writable(self) -> None:
        if self.read_only:
            raise EngineError("read_only", "This workspace can only be read here.")

    def do_export(self, operation: Operation, query_id: str, format: str, raw: bool) -> None:
        """A result in another format."""
        growing = self.queries.growing.get(query_id)
        size = self.exports.run(
            query_id, format, raw, growing, operation.uses, lambda size: operation.report("progress", size=size)
        )
        operation.report("done", size=size)

    def do_complete(self, operation: Operation, sql: str, position: int) -> None:
        """What could stand at the cursor."""
        with self.reader.cursor() as (_, snapshot):
            found = self.completer.complete(sql, position, snapshot)
        operation.report("done", start=found.start, end=found.end, items=found.items)

    def do_page(self, operation: Operation, query_id: str, offset: int, limit: int) -> None:
        """A page of a spooled result."""
        page = self.spool.page(query_id, offset, limit)
        operation.report("done", page.rows_json, columns=page.columns, rows=page.rows, row_count=page.row_count)

    def do_tables(self, operation: Operation) -> None:
        """The tables of the newest snapshot."""
        snapshot, tables = self.catalog.tables()
        operation.report("done", snapshot=snapshot, tables=tables)

    def do_commits(self, operation: Operation, after_snapshot: int) -> None:
        """Commits after a snapshot."""
        operation.report("done", commits=self.catalog.commits(after_snapshot))

    def do_table_rows(self, operation: Operation, **spec: Any) -> None:
        """A page of a table."""
        page = self.queries.table_rows(operation, RowsSpec(**spec))
        operation.report(
            "done",
            page.rows_json,
            columns=page.columns,
            rows=page.rows,
            row_count=page.row_count,
            snapshot=page.snapshot,
        )
