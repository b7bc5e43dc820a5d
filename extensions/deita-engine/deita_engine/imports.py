"""Imports: a file and a recipe become a table version.

The file is read in a DuckDB instance of its own that can open that one file and write into one folder of the lake.
The Parquet comes first, without any lock; registering it under the lock takes a moment, so that a long import keeps
nobody from writing.
"""

from __future__ import annotations

import codecs
import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from .catalog import Catalog, quoted
from .formats import csv, integers, parquet, rejects
from .formats.detect import Detected, detect
from .formats.plan import Plan
from .reader import literal
from .settings import lock, open_instance
from .shapes import Commit, EngineError, ImportSpec, Source
from .slots import Slots
from .writer import Change, Writer, add_files, table_exists

if TYPE_CHECKING:
    from .operations import Operation

ATTEMPTS = 5
WATCHED_BYTES = 64 * 1024
CHUNK = 4 * 1024 * 1024
PROGRESS_SECONDS = 0.1


@dataclass(frozen=True)
class Limits:
    """What an import may use."""

    memory: int
    threads: int


class Imports:
    """Reads files into tables."""

    def __init__(
        self, catalog: Catalog, writer: Writer, spool: Path, temporary: Path, limits: Limits, slots: Slots
    ) -> None:
        self.slots = slots
        self.catalog, self.writer, self.spool, self.temporary, self.limits = catalog, writer, spool, temporary, limits

    def run(self, operation: Operation, spec: ImportSpec) -> None:
        """Import one file; reports `accepted`, `running`, `progress` and `done` with its commit."""
        operation.report("accepted", statement_type="IMPORT")
        self._check_name(spec)
        self.writer.prepare()
        with self.slots.taken(operation):
            self._import(operation, spec)

    def _import(self, operation: Operation, spec: ImportSpec) -> None:
        blob = Path(spec.path)
        found = _with_encoding(detect(blob), spec.recipe)
        folder = self.catalog.folder(spec.table)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"deita-{uuid.uuid4()}.parquet"
        with _utf8(operation, blob, found, self.temporary) as readable:
            try:
                outcome = self._load(operation, spec, found, readable, file)
                commit = self._register(operation, spec, outcome.plan, file)
            except BaseException:
                self.catalog.discard(file)
                raise
        operation.report(
            "done",
            recipe=outcome.plan.recipe,
            rows=outcome.rows,
            commit=commit,
            snapshot=commit.snapshot if commit else None,
            reject_count=outcome.rejected,
            rejects=str(outcome.rejects) if outcome.rejects else None,
        )

    def _check_name(self, spec: ImportSpec) -> None:
        if spec.mode == "create" and self.catalog.has(spec.table):
            raise table_exists(spec.table)

    def _load(self, operation: Operation, spec: ImportSpec, found: Detected, readable: Path, file: Path) -> Outcome:
        connection = open_instance(
            self.temporary, self.limits.memory, self.limits.threads, private=f"import-{uuid.uuid4().hex[:8]}"
        )
        try:
            lock(connection, [file.parent], [readable])
            operation.uses(connection)
            with _progress(operation, connection):
                if found.format == "parquet":
                    plan = parquet.plan(connection, readable, spec.recipe)
                    return Outcome(plan, _copy(connection, plan, file))
                return self._load_csv(connection, spec, found, readable, file)
        finally:
            operation.uses(None)
            connection.close()

    def _load_csv(
        self, connection: duckdb.DuckDBPyConnection, spec: ImportSpec, found: Detected, readable: Path, file: Path
    ) -> Outcome:
        packing = found.compression if readable == Path(spec.path) else "none"
        recipe = csv.recipe_of(connection, readable, packing, found.encoding, spec.recipe)
        fixed = frozenset(spec.recipe.get("columns", ())) | ({"null_words"} & set(spec.recipe))
        for attempt in range(ATTEMPTS):
            watched = integers.carried(recipe, fixed) if readable.stat().st_size > WATCHED_BYTES else []
            plan = csv.plan(readable, recipe, {column: integers.checked(column) for column in watched})
            last = attempt + 1 == ATTEMPTS
            try:
                rows = _copy(connection, plan, file)
            except duckdb.InvalidInputException as error:
                if integers.MESSAGE not in str(error) or last:
                    raise
                rejects.clear(connection)
                recipe, large = integers.better_types(connection, readable, recipe, watched)
                fixed |= large
                rejects.clear(connection)
                continue
            rejected = rejects.count(connection)
            better = rejects.better_recipe(connection, recipe, rows, fixed) if rejected else None
            if better is None or last:
                break
            recipe = better
            rejects.clear(connection)
        listed = self.spool / f"{spec.id}.rejects.ndjson"
        if rejected:
            rejects.write(connection, recipe, listed)
        return Outcome(plan, rows, rejected, listed if rejected else None)

    def _register(self, operation: Operation, spec: ImportSpec, plan: Plan, file: Path) -> Commit | None:
        name = quoted(spec.table)
        definition = ", ".join(f"{quoted(column)} {kind}" for column, kind in plan.columns.items())

        def body(cursor: duckdb.DuckDBPyConnection) -> Change:
            there = self.catalog.has(spec.table)
            if there and spec.mode == "create":
                raise table_exists(spec.table)
            columns = _columns(cursor, spec.table) if there else {}
            if there and spec.mode == "append":
                _check_columns(columns, plan.columns)
            elif there and columns == plan.columns:
                cursor.execute(f"DELETE FROM {name}")  # noqa: S608
            elif there:
                cursor.execute(f"DROP TABLE {name}")
            if columns != plan.columns and not (there and spec.mode == "append"):
                cursor.execute(f"CREATE TABLE {name} ({definition})")
            add_files(cursor, spec.table, [file])
            return self._change(spec, plan, spec.mode if there else "create")

        return self.writer.commit(operation, body)

    def _change(self, spec: ImportSpec, plan: Plan, action: str) -> Change:
        return Change(
            table=spec.table,
            operation=action,
            person=spec.person,
            message=f"Import {spec.file}",
            source=Source(file=spec.file, sha256=spec.sha256, recipe=plan.recipe),
            import_id=spec.id,
            labels=None if action == "append" else plan.labels,
        )


@dataclass(frozen=True)
class Outcome:
    """What was read: rows in the Parquet file, lines that were not."""

    plan: Plan
    rows: int
    rejected: int = 0
    rejects: Path | None = None


def _copy(connection: duckdb.DuckDBPyConnection, plan: Plan, file: Path) -> int:
    counted = connection.execute(f"COPY ({plan.sql}) TO {literal(file)} (FORMAT parquet)").fetchall()
    return int(counted[0][0])


def _columns(cursor: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {row[0]: row[1] for row in cursor.execute(f"DESCRIBE FROM {quoted(table)}").fetchall()}


def _check_columns(there: dict[str, str], new: dict[str, str]) -> None:
    """Raise EngineError column_mismatch unless the new columns are the table's, in any order, with its types."""
    missing, unknown = sorted(set(there) - set(new)), sorted(set(new) - set(there))
    other = {
        name: {"table": there[name], "file": new[name]} for name in there if name in new and there[name] != new[name]
    }
    if not (missing or unknown or other):
        return
    parts = [f"missing {', '.join(missing)}"] * bool(missing) + [f"unknown {', '.join(unknown)}"] * bool(unknown)
    parts += [f"{name} is {kinds['file']}, not {kinds['table']}" for name, kinds in other.items()]
    raise EngineError(
        "column_mismatch",
        f"The file's columns are not the table's: {'; '.join(parts)}.",
        "Import it with mode=replace, or give the types in the recipe.",
        {"missing": missing, "unknown": unknown, "types": other},
    )


def _with_encoding(found: Detected, recipe: dict[str, Any]) -> Detected:
    encoding = recipe.get("encoding")
    if not encoding or found.format != "csv":
        return found
    try:
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise EngineError("bad_recipe", f"There is no encoding {encoding}.") from error
    return Detected("csv", found.compression, name)


@contextlib.contextmanager
def _utf8(operation: Operation, blob: Path, found: Detected, temporary: Path) -> Iterator[Path]:
    """The file itself, or a UTF-8 copy of it that is removed afterwards."""
    if found.format != "csv" or found.encoding in ("utf-8", "utf-8-sig", "ascii"):
        yield blob
        return
    copy = temporary / f"utf8-{uuid.uuid4().hex}"
    try:
        _transcode(operation.check, blob, copy, found)
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _transcode(check: Callable[[], None], blob: Path, copy: Path, found: Detected) -> None:
    import pyarrow as pa

    decoder = codecs.getincrementaldecoder(found.encoding)("replace")
    packed = None if found.compression == "none" else found.compression
    with pa.input_stream(str(blob), compression=packed) as source, copy.open("wb") as target:
        while chunk := source.read(CHUNK):
            check()
            target.write(decoder.decode(chunk).encode())
        target.write(decoder.decode(b"", True).encode())


@contextlib.contextmanager
def _progress(operation: Operation, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Report how far the running statement is, until it is left."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(PROGRESS_SECONDS):
            percent = connection.query_progress()
            if percent > 0:
                operation.report("progress", progress=round(min(percent / 100, 0.99), 3))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
