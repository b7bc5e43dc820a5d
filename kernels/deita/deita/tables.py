"""A table of a workspace, as it stands or as it stood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from deita.errors import DeitaError
from deita.http import path_of
from deita.names import quote_name
from deita.results import Column, Result

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from deita.workspace import Workspace


@dataclass(frozen=True)
class Version:
    """One version of a table: what made it, and when."""

    version: int
    created_at: str
    created_by: str
    rows: int | None
    source: Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """A table's name, columns and size; its rows stay where they are until they are asked for.

    >>> flights = ws.table("flights")
    >>> flights.rows, [column.name for column in flights.columns][:2]
    (336776, ['year', 'month'])
    >>> flights.head().df()
    >>> flights.at(version=1).df()
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
        """Every version that is kept."""
        items = self.workspace.transport.items(path_of("tables", self.name, "versions"))
        return [
            Version(
                int(item["version"]),
                str(item.get("created_at")),
                str(item.get("created_by")),
                item.get("rows"),
                item.get("source") or {},
            )
            for item in items
        ]

    def at(self, *, version: int) -> Table:
        """The table as it stood in a version; reading it raises DeitaError where the server cannot look back."""
        return replace(self, as_of=version)

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
        if self.as_of is None or self.as_of == self.version:
            return self.workspace.sql(sql)
        try:
            return self.workspace.run(sql, as_of={self.name: self.as_of})
        except DeitaError as error:
            if error.code in AS_OF_REFUSED:
                raise DeitaError(
                    error.code, f"Reading version {self.as_of} of {self.name} comes later.", error.hint
                ) from error
            raise

    def __repr__(self) -> str:
        at = f" at version {self.as_of}" if self.as_of is not None else f", version {self.version}"
        return f"Table({self.name!r}, {self.rows:,} rows, {len(self.columns)} columns{at})"


AS_OF_REFUSED = frozenset({"bad_request", "not_supported"})  # a data plane that does not know `as_of` yet
