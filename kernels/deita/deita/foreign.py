"""A PostgreSQL outside that the workspace has a connection to: what it holds, its rows here, its tables as ours.

The kernel never has the password, nor a way to the database: Deita reads for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from deita import rendering
from deita.arrow import need, plain_numbers
from deita.errors import DeitaError, ResultIncomplete
from deita.http import Transport, path_of
from deita.imports import Import, run_import
from deita.progress import Progress, quiet
from deita.queries import sendable

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

TIMEOUT_MS = 300_000
PATIENCE_S = 150.0
"""How much longer than the database's own limit an answer is waited for."""
SHOWN_ROWS = 10
Mode = Literal["create", "replace", "append"]


@dataclass(frozen=True)
class ForeignTable:
    """A table or view there. `name` is how SQL writes it, `rows` an estimate, None where there is none."""

    name: str
    kind: str
    rows: int | None


class ForeignResult:
    """Rows of a database outside, all of them here; no receipt leads to them, as nothing keeps what they were."""

    def __init__(self, table: pyarrow.Table) -> None:
        self._table = table

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return int(self._table.num_rows)

    def arrow(self) -> pyarrow.Table:
        """The rows as a pyarrow Table."""
        return self._table

    def df(self, *, exact: bool = False) -> pandas.DataFrame:
        """The rows as a pandas DataFrame. Decimals become float64 unless `exact`."""
        need("pandas", "pandas")
        return (self._table if exact else plain_numbers(self._table)).to_pandas()

    def pl(self) -> polars.DataFrame:
        """The rows as a polars DataFrame."""
        frame: polars.DataFrame = need("polars", "polars").from_arrow(self._table)
        return frame

    def __iter__(self) -> Iterator[pyarrow.RecordBatch]:
        """The rows by batches."""
        return iter(self._table.to_batches())

    def __len__(self) -> int:
        return self.row_count

    def _shown(self) -> tuple[list[tuple[str, str]], list[list[Any]], str]:
        head = [(field.name, str(field.type)) for field in self._table.schema]
        few = self._table.slice(0, SHOWN_ROWS)
        cells = [[_cell(value) for value in column.to_pylist()] for column in few.columns]
        foot = rendering.foot_text(self.row_count, few.num_rows, None)
        return head, [list(row) for row in zip(*cells, strict=True)], foot

    def _repr_html_(self) -> str:
        return rendering.html_table(*self._shown())

    def __repr__(self) -> str:
        return rendering.text_table(*self._shown())


def _cell(value: Any) -> Any:
    """A value as JSON has it, or as text."""
    return value if value is None or isinstance(value, bool | int | float) else str(value)


class PostgresConnection:
    """A connection of the workspace, by its name. Made by `ws.connect_postgres()`."""

    def __init__(self, transport: Transport, body: Mapping[str, Any]) -> None:
        self._transport = transport
        self.name: str = body["name"]
        self.host, self.port, self.database, self.user = body["host"], body["port"], body["database"], body["user"]

    def __repr__(self) -> str:
        return f"PostgresConnection({self.name!r}: {self.user}@{self.host}:{self.port}/{self.database})"

    def tables(self) -> list[ForeignTable]:
        """What can be read there."""
        items = self._transport.items(path_of("connections", self.name, "tables"))
        return [ForeignTable(item["name"], item["kind"], item["rows"]) for item in items]

    def sql(
        self, query: str, /, *, limit: int | None = None, timeout_ms: int = TIMEOUT_MS, **params: Any
    ) -> ForeignResult:
        """Run one statement that reads, there; `%(name)s` in it takes the value of the argument `name`.

        Ctrl-C cancels it at the database. Up to 1 GiB of rows come; what is more is imported (`import_query`).

        >>> crm = ws.connect_postgres("crm")
        >>> crm.sql("SELECT * FROM orders WHERE customer = %(who)s", who="Ada").df()
        """
        return self._read({"query": query, "params": sendable(params)}, limit, timeout_ms)

    def table(self, name: str, *, limit: int | None = None, timeout_ms: int = TIMEOUT_MS) -> ForeignResult:
        """The rows of a table there, by the name that SQL has for it."""
        return self._read({"table": name}, limit, timeout_ms)

    def import_table(
        self,
        name: str,
        *,
        table: str | None = None,
        mode: Mode = "create",
        progress: Progress = quiet,
        **recipe: Any,
    ) -> Import:
        """Read a table there into one of the workspace. With mode `replace`, again: as a version more, read now.

        >>> crm.import_table("public.orders", table="orders", mode="replace").rows
        """
        return self._import({"table": name}, table, mode, recipe, progress)

    def import_query(
        self,
        query: str,
        *,
        table: str,
        params: Mapping[str, Any] | None = None,
        mode: Mode = "create",
        progress: Progress = quiet,
        **recipe: Any,
    ) -> Import:
        """Read what a query gives there into a table of the workspace.

        >>> crm.import_query("SELECT * FROM orders WHERE id > %(n)s", params={"n": 4000}, table="late")
        """
        return self._import({"query": query, "params": sendable(params or {})}, table, mode, recipe, progress)

    def _import(
        self, wanted: dict[str, Any], table: str | None, mode: Mode, recipe: dict[str, Any], progress: Progress
    ) -> Import:
        request: dict[str, Any] = {"source": {"connection": self.name, **wanted}, "mode": mode}
        request |= {"table": table} if table is not None else {}
        request |= {"recipe": recipe} if recipe else {}
        return run_import(self._transport, request, progress=progress)

    def _read(self, wanted: dict[str, Any], limit: int | None, timeout_ms: int) -> ForeignResult:
        arrow = need("pyarrow", "arrow")
        body = {**wanted, "timeout_ms": timeout_ms} | ({"limit": limit} if limit is not None else {})
        wait_s = timeout_ms / 1000 + PATIENCE_S
        path = path_of("connections", self.name, "query")
        with self._transport.stream(path, method="POST", json_body=body, wait_s=wait_s) as response:
            response.auto_close = False  # type: ignore[attr-defined]  # pyarrow asks once more after the last byte
            try:
                return ForeignResult(arrow.ipc.open_stream(response).read_all())
            except (arrow.ArrowInvalid, OSError) as error:
                raise ResultIncomplete("result_incomplete", "The rows broke off.", "Read them again.") from error


def found(transport: Transport, name: str) -> PostgresConnection:
    """The connection of that name. Raises DeitaError `connection_not_found`."""
    known = list(transport.items("connections"))
    for body in known:
        if body["name"] == name:
            return PostgresConnection(transport, body)
    names = ", ".join(body["name"] for body in known) or "none yet"
    hint = f"There are: {names}. `deita connection add` keeps one."
    raise DeitaError("connection_not_found", f"This workspace has no connection {name}.", hint)
