"""JupySQL on Deita's PEP 249 driver: connected, quiet, and with every value escaped.

A plain PEP 249 connection would do for `%sql`; box plots and profiles need a dialect, frames deserve better than rows
made of Python objects, and `--persist` needs a way to make a table of a frame. So this is a subclass of JupySQL's
connection. JupySQL 0.11 renders results with the escaping of its HTML undone (`html.unescape`), which would run what
a cell of somebody's CSV says; its results are therefore shown by our own renderer.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deita import DeitaError, dbapi
from deita.rendering import foot_text, html_table, text_table
from deita.results import Result
from deita.sql_text import statements

if TYPE_CHECKING:
    import pandas
    import polars
    from IPython.core.interactiveshell import InteractiveShell

# SQLAlchemy and JupySQL import things on their way out; that is nothing a person in a notebook can act on.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import sql.magic
    from IPython.core.error import UsageError
    from sql._current import _set_sql_magic
    from sql._patch import patch_ipython_usage_error
    from sql.connection.connection import DBAPIConnection
    from sql.magic_cmd import SqlCmdMagic
    from sql.magic_plot import SqlPlotMagic
    from sql.run.resultset import ResultSet

CONFIG = {"autopandas": False, "displaylimit": 10, "displaycon": False, "feedback": 0}
ERROR_TYPE = "SQL error"
PERSIST_MODES = {"fail": "create", "replace": "replace", "append": "append"}


class MagicCursor(dbapi.Cursor):
    """A cursor that gives frames.

    JupySQL runs a SELECT again before it asks for a frame; the result at hand is taken instead.
    """

    def __init__(self, connection: dbapi.Connection) -> None:
        super().__init__(connection)
        self._operation: str | None = None

    def execute(self, operation: str, parameters: Mapping[str, Any] | None = None) -> MagicCursor:
        """Run one statement, unless it is the one whose result this cursor holds."""
        if self.result is None or operation != self._operation:
            super().execute(operation, parameters)
            self._operation = operation
        return self

    def df(self) -> pandas.DataFrame:
        """The result as a pandas DataFrame."""
        return self._held().df()

    def pl(self) -> polars.DataFrame:
        """The result as a polars DataFrame."""
        return self._held().pl()

    def _held(self) -> Result:
        if self.result is None:
            raise dbapi.InterfaceError("Nothing to fetch: execute a statement first.")
        return self.result


class WorkspaceConnection(DBAPIConnection):
    """JupySQL's connection to the workspace, in DuckDB's dialect.

    The connection below must have no `df` and `pl`: JupySQL would take it for DuckDB itself.
    """

    def __init__(self, connection: dbapi.Connection, alias: str, config: Any) -> None:
        super().__init__(connection, alias=alias, config=config)
        self._dialect = "duckdb"

    def raw_execute(
        self, query: str, parameters: Mapping[str, Any] | None = None, with_: list[str] | None = None
    ) -> MagicCursor:
        """Run one statement; `:name` takes a variable's value once `%config SqlMagic.named_parameters = "enabled"`."""
        if len(statements(query)) > 1:
            raise NotImplementedError("Only one statement is supported.")
        if with_:
            query = self._resolve_cte(query, with_)
        try:
            return MagicCursor(self._connection).execute(query, parameters or {})
        except dbapi.Error as error:
            raise _told(str(error)) from error

    def to_table(
        self, table_name: str, data_frame: pandas.DataFrame, if_exists: str, index: bool, schema: str | None = None
    ) -> None:
        """Make a table of a frame, for `%sql --persist frame`."""
        frame = data_frame.reset_index() if index else data_frame
        try:
            self._connection.workspace.import_frame(frame, table=table_name, mode=PERSIST_MODES[if_exists])
        except DeitaError as error:
            raise _told(str(error)) from error


class SqlMagic(sql.magic.SqlMagic):
    """`%sql` and `%%sql`, whose errors are the data plane's words alone. `%config` knows the class by this name."""

    def _execute(self, line: str, cell: str, local_ns: dict[str, Any] | None, is_interactive_mode: bool = False) -> Any:
        try:
            return super()._execute(line, cell, local_ns, is_interactive_mode)
        except UsageError as error:
            cause = error.__cause__
            if getattr(cause, "error_type", None) == ERROR_TYPE:  # wrapped in advice about JupySQL's snippets
                raise cause from None
            raise


def _told(message: str) -> UsageError:
    """An error that IPython shows without a Python traceback; only this very class is shown so."""
    error = UsageError(message)
    error.error_type = ERROR_TYPE
    return error


def install(shell: InteractiveShell) -> None:
    """Put JupySQL's magics in place, connected, and show its results our way. Called once, by the first magic.

    What JupySQL's own extension does beyond this is left out: it reads the nearest `pyproject.toml` and a default
    connection from the home folder, either of which would make a notebook mean something else for another person.
    """
    magic = SqlMagic(shell)
    for name, value in CONFIG.items():
        if name not in shell.config.get("SqlMagic", {}):
            setattr(magic, name, value)
    _set_sql_magic(magic)
    shell.register_magics(magic, sql.magic.RenderMagic, SqlPlotMagic, SqlCmdMagic)
    patch_ipython_usage_error(shell)
    connection = dbapi.connect()
    WorkspaceConnection(connection, alias=connection.workspace.slug or "workspace", config=magic)
    formatters = shell.display_formatter.formatters
    formatters["text/html"].for_type(ResultSet, _html)
    formatters["text/plain"].for_type(ResultSet, _plain)


def _html(result: ResultSet) -> str:
    return html_table(*_shown(result))


def _plain(result: ResultSet, printer: Any, cycle: bool) -> None:
    printer.text(text_table(*_shown(result)))


def _shown(result: ResultSet) -> tuple[list[tuple[str, str]], list[list[Any]], str]:
    """The first rows as the data plane sent them, and how many there are."""
    held = result._sqlaproxy.result if isinstance(result._sqlaproxy, MagicCursor) else None
    if held is None:
        return _foreign(result)
    limit = result._config.displaylimit or held.row_count
    rows = held.first_rows[:limit]
    if held.change is not None:
        return [], [], held.change
    columns = [(column.name, column.type) for column in held.columns]
    return columns, rows, foot_text(held.row_count, len(rows), held.elapsed_ms, truncated=held.truncated)


def _foreign(result: ResultSet) -> tuple[list[tuple[str, str]], list[list[Any]], str]:
    """A result of another connection that the person opened."""
    result.fetch_for_repr_if_needed()
    limit = result._config.displaylimit or None
    rows = [list(row) for row in result._results[:limit]]
    more = "" if result._mark_fetching_as_done and len(rows) == len(result._results) else ", more not shown"
    return [(str(name), "VARCHAR") for name in result.field_names], rows, f"{len(rows):,} rows{more}"
