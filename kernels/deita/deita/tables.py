"""A table of a workspace, as it stands or as it stood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from deita.http import path_of
from deita.lineage import Lineage
from deita.names import quote_name
from deita.profiles import Profile
from deita.results import Column, Result

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from deita.workspace import Workspace


@dataclass(frozen=True)
class Version:
    """One version of a table: what made it and when, how many rows it has, how many more or less than the one before.

    `column_changes` are `{name, change: added|removed|type, before, after}`, `reject_count` is that of its import.
    """

    version: int
    created_at: str
    created_by: str
    rows: int
    source: Mapping[str, Any]
    operation: str
    message: str
    row_change: int | None
    column_changes: tuple[Mapping[str, Any], ...]
    reject_count: int | None


@dataclass(frozen=True)
class Table:
    """A table's name, columns and size; its rows stay where they are until they are asked for.

    >>> flights = ws.table("flights")
    >>> flights.rows, [column.name for column in flights.columns][:2]
    (336776, ['year', 'month'])
    >>> flights.head().df()
    >>> flights.at(version=1).df()
    >>> flights.restore(1).version
    3
    """

    workspace: Workspace
    name: str
    columns: tuple[Column, ...]
    rows: int
    bytes: int
    version: int
    created_at: str
    created_by: str
    source: Mapping[str, Any]
    as_of: int | None = None

    @classmethod
    def from_body(cls, workspace: Workspace, body: Mapping[str, Any]) -> Table:
        """Read the data plane's table shape."""
        return cls(
            workspace=workspace,
            name=body["name"],
            columns=tuple(Column(column["name"], column["type"]) for column in body["columns"]),
            rows=int(body.get("rows") or 0),
            bytes=int(body.get("bytes") or 0),
            version=int(body.get("version") or 0),
            created_at=str(body.get("created_at")),
            created_by=str(body.get("created_by")),
            source=body.get("source") or {},
        )

    @property
    def versions(self) -> list[Version]:
        """Every version that is kept, the newest first."""
        items = self.workspace.transport.items(path_of("tables", self.name, "versions"))
        return [
            Version(
                int(item["version"]),
                str(item.get("created_at")),
                str(item.get("created_by")),
                int(item.get("rows") or 0),
                item.get("source") or {},
                str(item.get("operation")),
                str(item.get("message")),
                item.get("row_change"),
                tuple(item.get("column_changes") or ()),
                item.get("reject_count"),
            )
            for item in items
        ]

    def at(self, *, version: int) -> Table:
        """The table as it stood in a version; DeitaError `version_not_found` when there is no such version."""
        body = self.workspace.transport.get(path_of("tables", self.name), {"version": version})
        return replace(Table.from_body(self.workspace, body), as_of=version)

    def restore(self, version: int) -> Table:
        """Bring a version back as the newest; what is newest now stays among the versions."""
        return self.workspace.restore_table(self.name, version)

    def profile(self) -> Profile:
        """What each column holds: nulls, distinct values, bounds, quartiles, the most frequent values, a histogram."""
        query = None if self.as_of is None else {"version": self.as_of}
        return Profile(self.workspace.transport.get(path_of("tables", self.name, "profile"), query))

    def lineage(self, *, depth: int = 10) -> Lineage:
        """What this version is made from and what is made from it, so many steps up and down."""
        query = {"depth": depth} | ({} if self.as_of is None else {"version": self.as_of})
        return Lineage(self.workspace.transport.get(path_of("tables", self.name, "lineage"), query))

    def head(self, n: int = 5) -> Result:
        """The first rows."""
        return self._read(f"FROM {quote_name(self.name)} LIMIT {int(n)}")

    def df(self) -> pandas.DataFrame:
        """All rows as a pandas DataFrame."""
        return self._read(f"FROM {quote_name(self.name)}").df()

    def pl(self) -> polars.DataFrame:
        """All rows as a polars DataFrame."""
        return self._read(f"FROM {quote_name(self.name)}").pl()

    def arrow(self) -> pyarrow.Table:
        """All rows as a pyarrow Table."""
        return self._read(f"FROM {quote_name(self.name)}").arrow()

    def delete(self) -> None:
        """Delete the table."""
        self.workspace.delete_table(self.name)

    def _read(self, sql: str) -> Result:
        return self.workspace.run(sql, as_of=None if self.as_of is None else {self.name: self.as_of})

    def __repr__(self) -> str:
        at = f" at version {self.as_of}" if self.as_of is not None else f", version {self.version}"
        return f"Table({self.name!r}, {self.rows:,} rows, {len(self.columns)} columns{at})"
