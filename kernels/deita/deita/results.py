"""What a query answered: rows in the shape that the asker works with, none of them copied before they are asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import urllib3

from deita import rendering
from deita.arrow import need, plain_numbers, read_batches, read_table
from deita.errors import DeitaError, ResultIncomplete
from deita.http import Transport, path_of
from deita.values import read_rows

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

CHUNK = 1 << 20
PAGE = 10_000
SHOWN_ROWS = 10
READS = frozenset({"", "SELECT", "EXPLAIN", "DESCRIBE", "SHOW", "SUMMARIZE", "PRAGMA", "RELATION", "VALUES", "CALL"})
CHANGES = {  # CREATE TABLE … AS counts what it wrote
    "INSERT": "inserted",
    "UPDATE": "updated",
    "DELETE": "deleted",
    "MERGE_INTO": "merged",
    "CREATE": "written",
}


@dataclass(frozen=True)
class Column:
    """A column's name and DuckDB type name."""

    name: str
    type: str


class Result:
    """A finished query.

    >>> result = ws.sql("SELECT origin, count(*) AS n FROM flights GROUP BY ALL ORDER BY n DESC")
    >>> result.row_count, result.columns[0].name
    (3, 'origin')
    >>> result.df()                  # pandas; .pl() polars; .arrow() pyarrow
    >>> for batch in result: ...     # record batches, one at a time
    >>> result.to_parquet("origins.parquet")
    """

    first_rows: list[list[Any]]
    """The first rows (up to 1,000) as JSON values, which came with the answer."""

    def __init__(self, transport: Transport, body: Mapping[str, Any], spool: Path | None = None) -> None:
        self._transport = transport
        self._spool = spool
        self.first_rows = body.get("rows") or []
        self._next: str | None = body.get("next")
        self.id: str = body["id"]
        self.columns = tuple(Column(column["name"], column["type"]) for column in body.get("columns") or ())
        self.row_count: int = int(body.get("row_count") or 0)
        self.truncated: bool = bool(body.get("truncated"))
        self.elapsed_ms: float = body.get("elapsed_ms") or 0
        self.statement_type: str = (body.get("statement_type") or "").upper()
        self.receipt: Any = body.get("receipt")

    def arrow(self) -> pyarrow.Table:
        """The whole result as a pyarrow Table; on the server's own machine a view of the mapped file."""
        return read_table(self._transport, self.id, self.row_count, self._spool)

    def df(self, *, exact: bool = False) -> pandas.DataFrame:
        """The whole result as a pandas DataFrame.

        Pandas has no exact decimals: DECIMAL becomes float64, HUGEINT (what `sum` of integers gives) int64 where it
        fits. `exact` keeps both as `decimal.Decimal` objects.
        """
        need("pandas", "pandas")
        table = self.arrow()
        return (table if exact else plain_numbers(table)).to_pandas()

    def pl(self) -> polars.DataFrame:
        """The whole result as a polars DataFrame."""
        table = self.arrow()
        types = need("pyarrow", "arrow").types
        if spans := [field.name for field in table.schema if types.is_interval(field.type)]:
            raise DeitaError(
                "type_unknown",
                f"Polars has no type for the INTERVAL column {spans[0]!r}.",
                "Select it as text (CAST … AS VARCHAR) or as a number (epoch(…)).",
            )
        frame: polars.DataFrame = need("polars", "polars").from_arrow(table)
        return frame

    def __iter__(self) -> Iterator[pyarrow.RecordBatch]:
        """Record batches, one at a time: memory for one batch is enough."""
        return read_batches(self._transport, self.id, self.row_count, self._spool)

    def __len__(self) -> int:
        return self.row_count

    @property
    def changed_rows(self) -> int | None:
        """How many rows a statement changed; None for what reads and for what changes no rows (ALTER, DROP…)."""
        kind = self.statement_type
        if kind not in CHANGES or [column.name for column in self.columns] != ["Count"] or not self.first_rows:
            return None
        count = int(self.first_rows[0][0])
        return count if count or kind != "CREATE" else None

    @property
    def wrote(self) -> bool:
        """Whether the statement was one that writes."""
        return self.statement_type not in READS

    @property
    def change(self) -> str | None:
        """One line about a statement that wrote, such as `3 rows inserted · 12 ms`; None for one that read."""
        if not self.wrote:
            return None
        count = self.changed_rows
        done = f"{self.statement_type.capitalize().replace('_', ' ')} done"
        if count is not None:
            done = f"{count:,} row{'' if count == 1 else 's'} {CHANGES[self.statement_type]}"
        return f"{done} · {rendering.duration(self.elapsed_ms)}"

    @property
    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Rows as tuples of Python values, fetched page by page; needs nothing but this package."""
        types = [column.type for column in self.columns]
        seen = len(self.first_rows)
        yield from read_rows(types, self.first_rows)
        cursor = self._next
        while cursor:
            page = self._transport.get(path_of("queries", self.id, "results"), {"cursor": cursor, "limit": PAGE})
            seen += len(page["rows"])
            cursor = page["next"]
            yield from read_rows(types, page["rows"])
        if seen != self.row_count and self.columns:
            raise ResultIncomplete("result_incomplete", f"The result broke off after {seen:,} rows.", "Fetch it again.")

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows as tuples of Python values."""
        return list(self.rows)

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write the result as CSV, streamed; text that a spreadsheet would run as a formula gets a leading `'`."""
        return self._download("csv", Path(path))

    def to_parquet(self, path: str | os.PathLike[str]) -> Path:
        """Write the result as Parquet, streamed."""
        return self._download("parquet", Path(path))

    def _download(self, format: str, path: Path) -> Path:
        part = path.with_name(f"{path.name}.part")
        try:
            with (
                self._transport.stream(path_of("queries", self.id, "results"), {"format": format}) as response,
                part.open("wb") as file,
            ):
                for chunk in response.stream(CHUNK):
                    file.write(chunk)
            part.replace(path)
        except urllib3.exceptions.HTTPError as error:
            raise ResultIncomplete("result_incomplete", "The download broke off.", "Fetch it again.") from error
        finally:
            part.unlink(missing_ok=True)
        return path

    @cached_property
    def _foot(self) -> str:
        shown = min(SHOWN_ROWS, len(self.first_rows))
        return rendering.foot_text(self.row_count, shown, self.elapsed_ms, truncated=self.truncated)

    def _repr_html_(self) -> str | None:
        if self.change is not None:
            return None
        columns = [(column.name, column.type) for column in self.columns]
        return rendering.html_table(columns, self.first_rows[:SHOWN_ROWS], self._foot)

    def __repr__(self) -> str:
        if self.change is not None:
            return self.change
        columns = [(column.name, column.type) for column in self.columns]
        return rendering.text_table(columns, self.first_rows[:SHOWN_ROWS], self._foot)
