"""A cursor: runs statements and hands out their rows page by page, so that a long result never stands in memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from deita.dbapi.exceptions import InterfaceError, NotSupportedError, ProgrammingError, translate
from deita.dbapi.parameters import bind
from deita.errors import DeitaError
from deita.results import Result

if TYPE_CHECKING:
    from deita.dbapi.connection import Connection

Description = tuple[tuple[str, str, None, None, None, None, bool | None], ...]
Row = tuple[Any, ...]


class Cursor:
    """A cursor on a connection. Ctrl-C during `execute` cancels the query in the engine too."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.arraysize = 1
        self.result: Result | None = None
        self._rows: Iterator[Row] = iter(())
        self._rowcount = -1
        self._closed = False

    @property
    def description(self) -> Description | None:
        """Name and DuckDB type of each column, in PEP 249's seven places; None before the first result."""
        if self.result is None or not self.result.columns:
            return None
        return tuple((column.name, column.type, None, None, None, None, None) for column in self.result.columns)

    @property
    def rowcount(self) -> int:
        """Rows of the result, or rows that the statement changed; -1 where that is not known."""
        return self._rowcount

    def execute(self, operation: str, parameters: Mapping[str, Any] | None = None) -> Cursor:
        """Run one statement. Parameters are named: `:name` with a mapping."""
        self._check_open()
        if parameters is not None and not isinstance(parameters, Mapping):
            raise ProgrammingError("Parameters are named: pass a mapping, and write :name in the statement.")
        sql, used = bind(operation, parameters or {})
        self.result, self._rows, self._rowcount = None, iter(()), -1
        try:
            result = self.connection.workspace.run(sql, used, mode="auto")
        except DeitaError as error:
            raise translate(error) from error
        self._take(result)
        return self

    def executemany(self, operation: str, seq_of_parameters: Sequence[Mapping[str, Any]]) -> Cursor:
        """Run one statement once for each mapping; each run is a transaction. For bulk, import a frame instead."""
        changed = 0
        for parameters in seq_of_parameters:
            self.execute(operation, parameters)
            changed += max(self._rowcount, 0)
        self._rowcount = changed
        return self

    def callproc(self, procname: str, parameters: Sequence[Any] = ()) -> Sequence[Any]:
        """There are no stored procedures: NotSupportedError."""
        raise NotSupportedError("Deita has no stored procedures.")

    def fetchone(self) -> Row | None:
        """The next row, None after the last."""
        return next(iter(self.fetchmany(1)), None)

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next rows, `arraysize` of them by default."""
        self._check_fetch()
        return self._fetch(self.arraysize if size is None else size)

    def fetchall(self) -> list[Row]:
        """All rows that are left."""
        self._check_fetch()
        return self._fetch(None)

    def setinputsizes(self, sizes: Sequence[Any]) -> None:
        """Do nothing: the engine knows the types."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Do nothing: values are never cut."""

    def close(self) -> None:
        """Let go of the result; any further use raises InterfaceError."""
        self._closed, self.result, self._rows = True, None, iter(())

    def _take(self, result: Result) -> None:
        self.result, self._rows, self._rowcount = result, result.rows, result.row_count
        if not result.wrote:
            return
        self.connection.note_write()
        self._rowcount = -1 if result.changed_rows is None else result.changed_rows

    def _fetch(self, count: int | None) -> list[Row]:
        try:
            return list(itertools.islice(self._rows, count))
        except DeitaError as error:
            raise translate(error) from error

    def _check_open(self) -> None:
        if self._closed:
            raise InterfaceError("The cursor is closed.")

    def _check_fetch(self) -> None:
        self._check_open()
        if self.result is None:
            raise InterfaceError("Nothing to fetch: execute a statement first.")

    def __iter__(self) -> Iterator[Row]:
        while (row := self.fetchone()) is not None:
            yield row

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
