"""What a query answered: rows in the shape that the asker works with, none of them copied before they are asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import urllib3

from deita import rendering
from deita.arrow import NO_SELECTION, Selection, need, plain_numbers, read_batches, read_table
from deita.changes import Undone, change_text, rows_changed
from deita.errors import DeitaError, ResultIncomplete
from deita.http import Transport, path_of
from deita.profiles import Profile
from deita.queries import sendable_value
from deita.receipts import Receipt
from deita.values import read_rows

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

CHUNK = 1 << 20
PAGE = 10_000
FIRST_PAGE = 1000
Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "like", "null", "notnull"]
Aggregate = Literal["count", "sum", "avg", "min", "max", "median", "none"]
SHOWN_ROWS = 10


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
    changes: Mapping[str, Any] | None
    """Of a statement that writes: `{table, version, operation, inserted, updated, deleted}`; no version when nothing
    changed.
    """

    def __init__(
        self,
        transport: Transport,
        body: Mapping[str, Any],
        spool: Path | None = None,
        selection: Selection = NO_SELECTION,
    ) -> None:
        self._transport, self._spool, self._selection = transport, spool, selection
        self.first_rows = body.get("rows") or []
        self.changes = body.get("wrote")
        self._next: str | None = body.get("next")
        self.id: str = body["id"]
        self.columns = tuple(Column(column["name"], column["type"]) for column in body.get("columns") or ())
        self.row_count: int = int(body.get("row_count") or 0)
        self.truncated: bool = bool(body.get("truncated"))
        self.elapsed_ms: float = body.get("elapsed_ms") or 0
        self.statement_type: str = (body.get("statement_type") or "").upper()
        self.receipt = Receipt(transport, self.id, body.get("receipt") or {})

    def arrow(self) -> pyarrow.Table:
        """The whole result as a pyarrow Table; on the server's own machine a view of the mapped file."""
        return read_table(self._transport, self.id, self.row_count, self._spool, self._selection)

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
        return read_batches(self._transport, self.id, self.row_count, self._spool, self._selection)

    def __len__(self) -> int:
        return self.row_count

    @property
    def changed_rows(self) -> int | None:
        """How many rows a statement changed; None for what reads and for what changes no rows (ALTER, DROP…)."""
        return rows_changed(self.statement_type, self.changes) if self.changes else None

    def undo(self) -> Undone:
        """Take back what the statement wrote, as a new version of its table; DeitaError `table_changed_since` when the
        table was changed since, `nothing_to_undo` for a statement that wrote nothing.
        """
        return Undone(**self._transport.send("POST", path_of("queries", self.id, "undo")))

    @property
    def wrote(self) -> bool:
        """Whether the statement was one that writes."""
        return self.changes is not None

    @property
    def change(self) -> str | None:
        """One line about a statement that wrote, such as `3 rows inserted · stock version 2 · 12 ms`; None for one that
        read.
        """
        if self.changes is None:
            return None
        told = change_text(self.statement_type, self.changes)
        return f"{told} · {rendering.duration(self.elapsed_ms)}"

    @property
    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Rows as tuples of Python values, fetched page by page; needs nothing but this package."""
        types = [column.type for column in self.columns]
        seen = len(self.first_rows)
        yield from read_rows(types, self.first_rows)
        cursor = self._next
        while cursor:
            page = self.page(PAGE, cursor)
            seen += len(page["rows"])
            cursor = page["next"]
            yield from read_rows(types, page["rows"])
        if seen != self.row_count and self.columns:
            raise ResultIncomplete("result_incomplete", f"The result broke off after {seen:,} rows.", "Fetch it again.")

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows as tuples of Python values."""
        return list(self.rows)

    def sort(self, *columns: str) -> Result:
        """The same rows in another order: by these columns, `-name` descending. The server sorts what it keeps of the
        result; the query does not run again.

        >>> result.sort("-n", "origin").filter("n", "gt", 100).df()
        """
        return self._selected({**self._selection, "order": ",".join(columns)})

    def filter(self, column: str, operator: Operator, value: Any = None) -> Result:
        """The rows whose value passes; `operator` is eq, ne, lt, le, gt, ge, in (a list), like, null or notnull.

        Filters add up; `row_count` of what is returned is exact. Raises DeitaError query_binding, query_failed.
        """
        condition = f"{column}:{operator}" + ("" if operator in ("null", "notnull") else f":{_written(value)}")
        return self._selected({**self._selection, "filter": [*self._selection.get("filter", ()), condition]})

    def _selected(self, selection: Selection) -> Result:
        page = self._transport.get(self._path("results"), {**selection, "limit": FIRST_PAGE})
        kept = {name: getattr(self, name) for name in ("id", "truncated", "elapsed_ms", "statement_type", "receipt")}
        return Result(self._transport, {**kept, **page}, None, selection)

    def page(self, limit: int = FIRST_PAGE, cursor: str | None = None) -> dict[str, Any]:
        """One page as the server sends it: `{columns, rows, row_count, next}`; `next` is the cursor of the next one."""
        query = {**self._selection, "limit": limit, **({"cursor": cursor} if cursor else {})}
        found: dict[str, Any] = self._transport.get(self._path("results"), query)
        return found

    def profile(self) -> Profile:
        """What each column holds: nulls, distinct values, bounds, quartiles, the most frequent values, a histogram."""
        filters = {name: value for name, value in self._selection.items() if name == "filter"}
        return Profile(self._transport.get(self._path("profile"), filters))

    def chart(
        self,
        x: str,
        y: str | None = None,
        aggregate: Aggregate = "count",
        *,
        color: str | None = None,
        bins: int | None = None,
    ) -> dict[str, Any]:
        """At most 5,000 points, ready to be drawn: `{x, y, color, points: [{x, y, color}], row_count, left_out}`.

        >>> result.chart("day", "price", "avg")["points"][0]
        {'x': '2025-01-01', 'y': 12.5}
        """
        asked = {"x": x, "y": y, "aggregate": aggregate, "color": color, "bins": bins}
        filters = {name: value for name, value in self._selection.items() if name == "filter"}
        query = {**filters, **{name: value for name, value in asked.items() if value is not None}}
        found: dict[str, Any] = self._transport.get(self._path("chart"), query)
        return found

    def _path(self, part: str) -> str:
        return path_of("queries", self.id, part)

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write the result as CSV, streamed; text that a spreadsheet would run as a formula gets a leading `'`."""
        return self._download("csv", Path(path))

    def to_xlsx(self, path: str | os.PathLike[str]) -> Path:
        """Write the result as an Excel workbook; DeitaError `too_large` beyond Excel's 1,048,576 rows."""
        return self._download("xlsx", Path(path))

    def to_parquet(self, path: str | os.PathLike[str]) -> Path:
        """Write the result as Parquet, streamed."""
        return self._download("parquet", Path(path))

    def _download(self, format: str, path: Path) -> Path:
        part = path.with_name(f"{path.name}.part")
        try:
            with (
                self._transport.stream(self._path("results"), {**self._selection, "format": format}) as response,
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


def _written(value: Any) -> str:
    """A value as a filter takes it."""
    if isinstance(value, list | tuple):
        return ",".join(map(_written, value))
    sent = sendable_value(value)
    return str(sent).lower() if isinstance(sent, bool) else str(sent)
