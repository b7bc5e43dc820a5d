"""What the engine can be asked to do: one method an operation, named as on the socket."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from . import wire
from .answers import Answers
from .arranging import Arranging
from .bucket_files import KeyRing, lake_files
from .catalog import Catalog, table_of
from .charts import Charts
from .completion import Completer
from .errors import from_duckdb
from .exports import Exports
from .formats.limits import Limits
from .formats.registry import opened, preview
from .formats.words import check_words
from .formatting import formatted
from .guard import judge
from .hashing import Hashing
from .imports import Imports, of_bytes
from .kept_profiles import KeptProfiles
from .lake_metadata import lake_metadata
from .parameters import typed
from .profiles import Profiles
from .progress import Progress
from .queries import Queries
from .reader import Reader
from .restores import Restores
from .result_profiles import ResultProfiles
from .results import Spool
from .second_try import SecondTry
from .shapes import Draft, EngineError, ImportSpec, QuerySpec, RowsSpec, UpkeepSpec
from .slots import Slots
from .spooled import Spooled
from .stability import Stability
from .upkeep import Upkeep
from .validation import Validator
from .writer import Writer
from .writes import Writes

Send = Callable[..., None]
log = logging.getLogger("deita_engine")


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

    def __init__(self, options: dict[str, Any], access: dict[str, Any]) -> None:
        self.storage, self.spool_folder = Path(options["storage"]), Path(options["spool"])
        temporary = Path(options["temporary"])
        shutil.rmtree(temporary, ignore_errors=True)  # what a killed process left; it is made anew when it is needed
        temporary.mkdir(parents=True)
        self.keys = KeyRing()
        copies = Path(options["copies"]) if options["copies"] else None
        self.metadata = lake_metadata(access, self.storage, temporary, copies, writes=options["role"] != "read")
        if access:
            self.keys.take(access["storage"])
            self.metadata.take(access["database"])
        files = lake_files(options["remote"], self.storage, self.keys, options["cache_bytes"])
        self.catalog = Catalog(self.metadata.source, files)
        running = options["max_running"]
        memory, threads, busy = options["memory"], options["threads"], options["busy_timeout_s"]
        self.reader = Reader(self.catalog, temporary, memory, threads, running)
        self.spool = Spool(self.spool_folder, options["result_max_bytes"])
        self.writer = Writer(self.catalog, self.metadata, temporary, memory, threads, busy)
        self.read_only = bool(options["read_only"])
        slots, progress = Slots(running), Progress()
        self.slots = slots
        self.second = SecondTry(self.catalog, temporary, options["second_memory"], threads)
        self.stability = Stability(self.reader.connection)
        answers = Answers(self.spool, self.stability)
        self.queries = Queries(self.reader, self.second, self.spool, answers, slots, progress)
        self.writes = Writes(self.reader, self.writer, self.spool, slots, progress)
        self.profiles = Profiles(self.reader, slots, KeptProfiles(self.queries.preparing.dependencies, self.stability))
        self.restores = Restores(self.reader, self.writer)
        self.upkeep = Upkeep(self.reader, self.writer)
        self.validator = Validator(self.reader, self.writes)
        self.completer = Completer(self.reader.connection)
        limits = Limits(memory, threads)
        self.spooled = Spooled(self.spool, temporary, memory, threads)
        self.arranging = Arranging(self.spool, self.spooled, slots)
        self.result_profiles = ResultProfiles(self.spool, self.spooled, slots)
        self.charts = Charts(self.spooled, slots)
        self.exports = Exports(self.spooled, temporary, memory, threads)
        self.hashing = Hashing(self.spool)
        rejects = self.storage / "rejects"
        self.imports = Imports(self.catalog, self.writer, rejects, temporary, limits, slots, progress)

    def take_access(self, storage: dict[str, Any], database: dict[str, Any]) -> None:
        """Use what the broker issued anew while statements run."""
        self.keys.take(storage)
        self.metadata.take(database)
        for readers in (self.reader, self.second):
            readers.stay_near()

    def run(self, operation: Operation) -> None:
        """Run the operation; whatever it raises becomes a `failed` message."""
        try:
            getattr(self, f"do_{operation.name}")(operation, **operation.args)
        except EngineError as error:
            operation.report("failed", error=wire.error_message(error))
        except (duckdb.Error, MemoryError, OSError, ValueError, RuntimeError) as error:
            code = from_duckdb(error, str(operation.args.get("sql", "")))
            operation.report("failed", error=wire.error_message(code))
        except Exception:  # whoever asked must hear that it failed, whatever it was
            log.exception("The operation %s failed", operation.name)
            message = "Something went wrong in the engine; its log says what."
            operation.report("failed", error=wire.error_message(EngineError("internal", message)))

    def do_query(self, operation: Operation, **spec: Any) -> None:
        """Run a statement."""
        query = QuerySpec(**spec)
        query = replace(query, params=typed(query.params, query.types))
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
        with self.slots.taken(operation), opened(operation, Path(path), of_bytes(recipe), folder, limits) as reading:
            found = preview(reading)
        operation.report("done", **found)

    def do_check_recipe(self, operation: Operation, recipe: dict[str, Any]) -> None:
        """Whether a recipe's words mean something."""
        with self.reader.parser() as connection:
            check_words(connection, recipe)
        operation.report("done")

    def do_drop_table(self, operation: Operation, **asked: Any) -> None:
        """Drop a table or view."""
        self._check_writable()
        operation.report("done", commit=self.writes.drop(operation, **asked))

    def do_rename_table(self, operation: Operation, **asked: Any) -> None:
        """Rename a table or view."""
        self._check_writable()
        operation.report("done", commit=self.writes.rename(operation, **asked))

    def do_restore_table(self, operation: Operation, **asked: Any) -> None:
        """Bring a version back as the newest."""
        self._check_writable()
        operation.report("done", commit=self.restores.run(operation, **asked))

    def do_upkeep(self, operation: Operation, **spec: Any) -> None:
        """Keep the lake small and quick."""
        self._check_writable()
        operation.report("done", did=self.upkeep.run(operation, UpkeepSpec(**spec)))

    def do_expired(self, operation: Operation, snapshots: list[int]) -> None:
        """Which snapshots are forgotten."""
        operation.report("done", snapshots=self.catalog.expired(snapshots))

    def do_table_at(self, operation: Operation, snapshot: int) -> None:
        """A table as a version of it was."""
        commit = self.catalog.commit(snapshot)
        operation.report("done", table=replace(table_of(self.catalog.held(commit), commit), rows=commit.rows))

    def do_profile(self, operation: Operation, table: str, version: int | None) -> None:
        """What each column of a table holds."""
        operation.report("done", profile=self.profiles.run(operation, table, version))

    def do_result_profile(self, operation: Operation, query_id: str, selection: Any) -> None:
        """What each column of a result holds, or of some of its rows."""
        name = self.arranging.made(operation, query_id, wire.selection_of(selection))
        operation.report("done", profile=self.result_profiles.run(operation, name))

    def do_chart(self, operation: Operation, query_id: str, spec: Any) -> None:
        """Points of a result."""
        operation.report("done", chart=self.charts.run(operation, query_id, wire.chart_of(spec)))

    def do_snapshot_at(self, operation: Operation, time: str) -> None:
        """The newest snapshot at a moment."""
        operation.report("done", snapshot=self.catalog.snapshot_at(time))

    def _check_writable(self) -> None:
        if self.read_only:
            raise EngineError("read_only", "This workspace can only be read here.")

    def do_export(self, operation: Operation, query_id: str, format: str, raw: bool, selection: Any, file: str) -> None:
        """A result in another format, as a file in the spool; Arrow is what a selection of its rows is written as."""
        chosen, growing = wire.selection_of(selection), self.queries.growing.get(query_id)
        if growing and not chosen.is_all:
            growing.wait_for_end(operation.check)
            growing = None
        name = self.arranging.made(operation, query_id, chosen)
        if format == "arrow":
            size = self.spool.path(name).stat().st_size
        else:
            size = self.exports.run(operation, name, format, raw, growing, self.spool_folder / file)
        operation.report("done", size=size)

    def do_hashes(self, operation: Operation, query_id: str, ordered: bool) -> None:
        """The hashes of a result."""
        operation.report("done", hashes=self.hashing.run(operation, query_id, ordered))

    def do_reads(self, operation: Operation, sql: str) -> None:
        """What a statement depends on."""
        with self.reader.cursor() as (cursor, snapshot):
            judged = judge(cursor, sql, "read")
            tables = self.queries.preparing.dependencies.of(cursor, judged.tables, snapshot)
        views = [view.sql for view in snapshot.views if view.name in tables]
        operation.report("done", tables=tables, stable=self.stability.holds(sql, *views))

    def do_complete(self, operation: Operation, sql: str, position: int) -> None:
        """What could stand at the cursor."""
        with self.reader.cursor() as (cursor, snapshot):
            found = self.completer.complete(cursor, sql, position, snapshot)
        operation.report("done", start=found.start, end=found.end, items=found.items)

    def do_validate(self, operation: Operation, **draft: Any) -> None:
        """What a statement would be."""
        found = self.validator.validate(Draft(**draft))
        error = wire.error_message(found.error) if found.error else None
        operation.report("done", validation=replace(found, error=None), error=error)

    def do_format(self, operation: Operation, sql: str) -> None:
        """A statement laid out anew."""
        with self.reader.parser() as parser:
            operation.report("done", formatted=formatted(parser, sql))

    def do_page(self, operation: Operation, query_id: str, offset: int, limit: int, selection: Any) -> None:
        """A page of a spooled result."""
        page = self.arranging.page(operation, query_id, wire.selection_of(selection), offset, limit)
        operation.report("done", page.rows_json, columns=page.columns, rows=page.rows, row_count=page.row_count)

    def do_tables(self, operation: Operation) -> None:
        """The tables of the newest snapshot."""
        snapshot, tables = self.catalog.tables()
        operation.report("done", snapshot=snapshot, tables=tables)

    def do_commits(self, operation: Operation, after_snapshot: int, made_by: str) -> None:
        """Commits after a snapshot."""
        operation.report("done", commits=self.catalog.commits(after_snapshot, made_by))

    def do_table_rows(self, operation: Operation, **spec: Any) -> None:
        """A page of a table."""
        page = self.queries.table_rows(operation, RowsSpec(**spec))
        facts = {name: getattr(page, name) for name in ("columns", "rows", "row_count", "snapshot")}
        operation.report("done", page.rows_json, **facts)
