"""Imports: a file and a recipe become a table version.

The file is read in a DuckDB instance of its own that can open that one file and write into one folder of the lake.
The Parquet comes first, without any lock; registering it under the lock takes a moment, so that a long import keeps
nobody from writing.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from . import appending
from .catalog import Catalog, quoted
from .errors import from_duckdb
from .formats.limits import Limits
from .formats.plan import Outcome, Plan, Target
from .formats.registry import module_of, opened
from .lake_files import NewFile
from .progress import Progress
from .settings import lock, open_instance
from .shapes import Commit, EngineError, ImportSpec, Source
from .slots import Slots
from .writer import Change, Writer, add_files, table_exists

if TYPE_CHECKING:
    from .operations import Operation

SOURCE = "source"
TOO_WIDE = "The file needs more memory than it may have."
TOO_WIDE_HINT = "Its rows, or the texts and lists in them, are very long: divide them among several rows or files."


class Imports:
    """Reads files into tables."""

    def __init__(
        self,
        catalog: Catalog,
        writer: Writer,
        rejects: Path,
        temporary: Path,
        limits: Limits,
        slots: Slots,
        progress: Progress,
    ) -> None:
        self.slots, self.progress = slots, progress
        self.catalog, self.writer, self.temporary, self.limits = catalog, writer, temporary, limits
        self.rejects = rejects

    def run(self, operation: Operation, spec: ImportSpec) -> None:
        """Import one file; reports `accepted`, `running`, `progress` and `done` with its commit."""
        operation.report("accepted", statement_type="IMPORT")
        self._check_name(spec)
        self.writer.prepare()
        with self.slots.taken(operation):
            self._import(operation, spec)

    def _import(self, operation: Operation, spec: ImportSpec) -> None:
        file = self.catalog.new_file(spec.table)
        self.rejects.mkdir(exist_ok=True)
        target = Target(file, self.rejects / f"{spec.id}.ndjson")
        taken = ""
        try:
            outcome = self._load(operation, spec, spec.recipe, target)
            if spec.mode == "append":
                outcome, taken = self._fit(operation, spec, target, outcome)
            outcome = _with_source(outcome, spec.recipe)
            if outcome.rejected:  # the commit below must never outlive them
                self.catalog.lake.keep(target.rejects, f"rejects/{target.rejects.name}")
            self.catalog.lake.publish(file)
            commit = self._register(operation, spec, outcome.plan, file, taken)
        except BaseException:  # whatever ended it, what it left goes first
            self.catalog.discard(file)
            target.rejects.unlink(missing_ok=True)
            raise
        operation.report(
            "done",
            recipe=outcome.plan.recipe,
            rows=outcome.rows,
            commit=commit,
            snapshot=commit.snapshot if commit else None,
            reject_count=outcome.rejected,
            counts=asdict(outcome.counts),
            rejects=str(target.rejects) if outcome.rejected else None,
        )

    def _check_name(self, spec: ImportSpec) -> None:
        if spec.mode == "create" and self.catalog.has(spec.table):
            raise table_exists(spec.table)

    def _load(self, operation: Operation, spec: ImportSpec, recipe: dict[str, Any], target: Target) -> Outcome:
        """Read the file with the memory that most need; one with wide rows, again with what its size allows."""
        recipe = of_bytes(recipe)
        size = Path(spec.path).stat().st_size
        sparing, most = self.limits.sparing(size), self.limits.most(size)
        try:
            return self._load_within(sparing, operation, spec, recipe, target)
        except (duckdb.Error, EngineError) as error:
            known = error if isinstance(error, EngineError) else from_duckdb(error)
            if known.code != "out_of_memory":
                raise
            wide = replace(target, file=target.file.of_wide_rows)
            if most.memory <= sparing.memory and wide == target:
                raise EngineError("out_of_memory", TOO_WIDE, TOO_WIDE_HINT) from error
        target.rows.unlink(missing_ok=True)
        target.rejects.unlink(missing_ok=True)
        return self._load_within(most, operation, spec, recipe, wide)

    def _load_within(
        self, limits: Limits, operation: Operation, spec: ImportSpec, recipe: dict[str, Any], target: Target
    ) -> Outcome:
        with (
            opened(operation, Path(spec.path), recipe, self.temporary, limits, target.rows.parent) as reading,
            self.progress.told(operation, reading.connection),
        ):
            return module_of(reading).load(reading, target)

    def _fit(self, operation: Operation, spec: ImportSpec, target: Target, outcome: Outcome) -> tuple[Outcome, str]:
        """What was read, as the columns of the table that it is added to; and in words what that changed."""
        wanted = spec.table.casefold()
        table = next((table for table in self.catalog.snapshot().tables if table.name.casefold() == wanted), None)
        if table is None:
            return outcome, ""
        there = {column.name: column.type for column in table.columns}
        if texts := appending.to_read_as_text(outcome.plan, there):
            target.rejects.unlink(missing_ok=True)
            recipe = {**spec.recipe, "columns": {**spec.recipe.get("columns", {}), **texts}}
            outcome = self._load(operation, spec, recipe, target)
        limits = self.limits.most(Path(spec.path).stat().st_size)
        connection = open_instance(self.temporary, limits.memory, limits.threads, private=f"fit-{spec.id}")
        try:
            lock(connection, [target.rows.parent])
            operation.uses(connection)
            outcome, differing = appending.fitted(connection, table.name, there, outcome, target.file)
            return outcome, appending.words(differing)
        finally:
            operation.uses(None)
            connection.close()

    def _register(self, operation: Operation, spec: ImportSpec, plan: Plan, file: NewFile, taken: str) -> Commit | None:
        name = quoted(spec.table)
        definition = ", ".join(f"{quoted(column)} {kind}" for column, kind in plan.columns.items())

        def body(cursor: duckdb.DuckDBPyConnection) -> Change:
            there = self.catalog.has(spec.table)
            if there and spec.mode == "create":
                raise table_exists(spec.table)
            columns = _columns(cursor, spec.table) if there else {}
            if there and spec.mode == "append":
                appending.check(spec.table, columns, plan.columns)
            elif there and columns == plan.columns:
                cursor.execute(f"DELETE FROM {name}")  # noqa: S608
            elif there:
                cursor.execute(f"DROP TABLE {name}")
            if columns != plan.columns and not (there and spec.mode == "append"):
                cursor.execute(f"CREATE TABLE {name} ({definition})")
            add_files(cursor, spec.table, [file])
            return self._change(spec, plan, spec.mode if there else "create", taken)

        return self.writer.commit(operation, body)

    def _change(self, spec: ImportSpec, plan: Plan, action: str, taken: str) -> Change:
        return Change(
            table=spec.table,
            operation=action,
            person=spec.person,
            message=f"Import {spec.file}{taken}",
            source=Source(file=spec.file, sha256=spec.sha256, recipe=plan.recipe),
            import_id=spec.id,
            labels=None if action == "append" else plan.labels,
        )


def of_bytes(recipe: dict[str, Any]) -> dict[str, Any]:
    """A recipe without `source`, which says where the bytes were read from and nothing of how to read them."""
    return {part: said for part, said in recipe.items() if part != SOURCE}


def _with_source(outcome: Outcome, recipe: dict[str, Any]) -> Outcome:
    if not recipe.get(SOURCE):
        return outcome
    whole = {**outcome.plan.recipe, SOURCE: recipe[SOURCE]}
    return replace(outcome, plan=replace(outcome.plan, recipe=whole))


def _columns(cursor: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {row[0]: row[1] for row in cursor.execute(f"DESCRIBE FROM {quoted(table)}").fetchall()}
