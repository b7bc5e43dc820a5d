"""What a commit says of the statement that made it: enough to follow it to the tables that it read, and run it again.

The commit carries it, so that whoever sees the table can follow it, also when the query itself is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from .catalog import Catalog, Snapshot
from .dependencies import Dependencies
from .guard import Judged
from .shapes import Column, QuerySpec, Source, TableOperation
from .writer import Change

if TYPE_CHECKING:
    from .operations import Operation

COUNT = (Column("Count", "BIGINT"),)
"""What a statement that writes answers: DuckDB's count of rows."""

MESSAGE = 200
"""Characters of the statement in the commit's message."""
READING = frozenset({"create", "view", "append", "write"})
"""Actions of statements that read tables; what drops or renames one only names it."""


@dataclass(frozen=True)
class Reads:
    """The tables that a statement reads, `{name, version, snapshot}` each, and the snapshot that it reads them in."""

    snapshot: int
    tables: list[dict[str, Any]]
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"))

    def beside(self, more: Iterable[dict[str, Any]]) -> Reads:
        """These and more, each version once."""
        found = {(table["name"], table["snapshot"]): table for table in (*self.tables, *more)}
        return replace(self, tables=list(found.values()))

    @property
    def names(self) -> list[str]:
        """The tables' names."""
        return [table["name"] for table in self.tables]


class Provenance:
    """Finds what statements that write read."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._dependencies = Dependencies()

    def reads(self, cursor: duckdb.DuckDBPyConnection, judged: Judged, snapshot: Snapshot) -> Reads:
        """The tables of a judged statement, through views, as the snapshot has them."""
        if judged.action not in READING:
            return Reads(snapshot.id, [])
        names = self._dependencies.of(cursor, judged.tables, snapshot)
        commits = self._catalog.made_by(names, snapshot.id)
        tables = [{"name": name, "version": at.version, "snapshot": at.snapshot} for name, at in commits.items()]
        return Reads(snapshot.id, tables)

    def change(
        self, spec: QuerySpec, judged: Judged, operation: TableOperation, reads: Reads, extensions: Mapping[str, str]
    ) -> Change:
        """What the commit of a judged statement says."""
        return Change(
            table=self._catalog.actual_name(judged.target) or judged.target,
            operation=operation,
            person=spec.person,
            message=" ".join(spec.sql.split())[:MESSAGE],
            source=Source(receipt=receipt_of(spec, judged, reads, extensions)),
            query_id=spec.id,
            previous_name=next(iter(judged.options)) if judged.action == "rename" else None,
            labels={} if operation in ("create", "replace") else None,
        )


def accept(operation: Operation, judged: Judged, reads: Reads) -> None:
    """Report that a statement is accepted, and what it reads."""
    operation.report(
        "accepted",
        columns=COUNT,
        statement_type=judged.type,
        tables=reads.names,
        read_snapshot=reads.snapshot,
    )


def receipt_of(spec: QuerySpec, judged: Judged, reads: Reads, extensions: Mapping[str, str]) -> dict[str, Any]:
    """The receipt that goes into the commit; who, when and how many rows, the commit says itself."""
    return {
        "query_id": spec.id,
        "statement_type": judged.type,
        "kind": "view" if judged.action == "view" else "table",
        "sql": spec.sql,
        "params": {
            name: value.object if isinstance(value, duckdb.Value) else value for name, value in spec.params.items()
        },
        "param_types": spec.types,
        "results": dict(spec.results),
        "started_at": reads.at,
        "snapshot": reads.snapshot,
        "tables": reads.tables,
        "engine": f"DuckDB {duckdb.__version__}",
        "extensions": dict(extensions),
    }
