"""CREATE TABLE … AS: the rows are computed before the lock is taken, so that a long query keeps nobody from writing.

They are computed in the reader, on its snapshot, into a Parquet file that is registered under the lock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import duckdb

from .binding import bound_columns
from .catalog import quoted
from .guard import Judged
from .lake_files import NewFile
from .lake_types import casts, held_type
from .named_results import named
from .pivots import execute
from .progress import Progress
from .provenance import Provenance, Reads, accept
from .reader import Reader, literal
from .results import Spool
from .shapes import Commit, Cost, QuerySpec
from .slots import Slots
from .writer import Change, Writer, add_files, table_exists

if TYPE_CHECKING:
    from .operations import Operation


@dataclass(frozen=True)
class Made:
    """The rows of a CREATE TABLE … AS: their columns (name, type), how many they are, what they cost and come from."""

    columns: list[tuple[str, str]]
    rows: int
    cost: Cost
    reads: Reads


class Creates:
    """Makes tables of queries."""

    def __init__(
        self, reader: Reader, writer: Writer, spool: Spool, slots: Slots, progress: Progress, provenance: Provenance
    ) -> None:
        self.reader, self.writer, self.spool = reader, writer, spool
        self.slots, self.progress, self.provenance = slots, progress, provenance

    def run(self, operation: Operation, spec: QuerySpec, judged: Judged) -> tuple[Commit | None, int, Cost]:
        """Make the table of one judged statement; returns its commit, its rows, and what they cost.

        A table that is there already stays as it is where the statement says IF NOT EXISTS: then there is no commit.
        """
        if "if_not_exists" in judged.options and self.writer.catalog.has(judged.target):
            accept(operation, judged, Reads(self.writer.catalog.newest(), []))
            return None, 0, Cost()
        file = self.writer.catalog.new_file(judged.target)
        try:
            made = self._compute(operation, spec, judged, file)
            self.writer.catalog.lake.publish(file)
            return self._register(operation, spec, judged, made, file), made.rows, made.cost
        except BaseException:  # whatever ended it, what it left goes first
            self.writer.catalog.discard(file)
            raise

    def _compute(self, operation: Operation, spec: QuerySpec, judged: Judged, file: NewFile) -> Made:
        """Write the rows into a file."""
        query = (judged.query or "").rstrip().rstrip(";")
        with self.reader.cursor() as (cursor, snapshot):
            operation.uses(cursor)
            results = named(self.spool, spec.results, snapshot)
            with results.known_to(cursor):
                bound_to = bound_columns(cursor, query, spec.params, snapshot)
            columns = [(column.name, column.type) for column in bound_to]
            tables = results.without(judged.tables)
            reads = self.provenance.reads(cursor, replace(judged, tables=tables), snapshot)
            accept(operation, judged, reads)
            rows = f"SELECT {casts(columns) or '*'} FROM (\n{query}\n)"  # noqa: S608
            copy = f"COPY ({rows}) TO {literal(file.path)}"
            with (
                self.slots.taken(operation),
                self.reader.lanes.taken(snapshot.schema) as lane,
                results.known_to(lane.connection),
            ):
                operation.uses(lane.connection)
                with self.progress.told(operation, lane.connection):
                    file.written(
                        lambda file: execute(
                            lane.connection, f"{copy} {file.options(len(columns))}", spec.params or None
                        )
                    )
                count = int(lane.connection.fetchall()[0][0])
                operation.uses(None)
                return Made(columns, count, lane.cost(), reads.beside(spec.behind))

    def _register(
        self, operation: Operation, spec: QuerySpec, judged: Judged, made: Made, file: NewFile
    ) -> Commit | None:
        definition = ", ".join(f"{quoted(name)} {held_type(kind)}" for name, kind in made.columns)
        name, extensions = quoted(judged.target), {**self.reader.extensions, **self.writer.extensions}

        def body(cursor: duckdb.DuckDBPyConnection) -> Change:
            there = self.writer.catalog.has(judged.target)
            if there and "replace" not in judged.options:
                raise table_exists(judged.target)
            if there:
                cursor.execute(f"DROP TABLE {name}")
            cursor.execute(f"CREATE TABLE {name} ({definition})")
            add_files(cursor, judged.target, [file])
            return self.provenance.change(spec, judged, "replace" if there else "create", made.reads, extensions)

        return self.writer.commit(operation, body)
