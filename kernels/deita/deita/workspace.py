"""A workspace: its tables, files and queries, through the data plane's REST API."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import urllib3

from deita import foreign
from deita import saved as saved_queries
from deita.arrow import need, table_of
from deita.errors import ResultIncomplete
from deita.files import File
from deita.history import History, past_query
from deita.http import Transport, path_of
from deita.imports import Import, reading_again, run_import
from deita.previews import Preview, preview
from deita.progress import Progress, quiet
from deita.queries import AsOf, Mode, run_again, run_query, sendable
from deita.results import CHUNK, Result
from deita.saved import SavedQuery
from deita.tables import Table
from deita.uploads import send_file

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

Named = Mapping[str, Result | str]
ImportMode = Literal["create", "replace", "append"]


class Workspace:
    """The way to one workspace's data. Made by `deita.workspace()` or `deita.connect()`; safe to share between threads.

    `transport` speaks with the data plane, for what this class has no method for yet.
    """

    def __init__(self, api: str, token: str, *, slug: str = "", spool: Path | None = None) -> None:
        self.transport = Transport(api, token)
        self.slug = slug
        self._spool = spool

    def __repr__(self) -> str:
        return f"Workspace({self.slug!r})"

    def about(self) -> dict[str, Any]:
        """Name, role, usage, quota, and what the workspace runs on."""
        found: dict[str, Any] = self.transport.get("workspace")
        return found

    def sql(self, sql: str, /, *, results: Named | None = None, **params: Any) -> Result:
        """Run one statement that reads; `$name` in it takes the value of the argument `name`.

        Raises QueryError, whose text points at the place. Ctrl-C cancels the query in the engine too. `results` are
        earlier results (or their ids) that the statement may name like tables; their rows stay where they are.

        >>> united = ws.sql("SELECT * FROM flights WHERE carrier = $carrier", carrier="UA")
        >>> ws.sql("SELECT dest, count(*) FROM united GROUP BY dest", results={"united": united}).df()
        """
        return self.run(sql, params, results=results)

    def write(self, sql: str, /, *, results: Named | None = None, **params: Any) -> Result:
        """Run one statement that changes the workspace: CREATE TABLE AS, INSERT, UPDATE, DELETE, DROP…

        Of `results` (see `sql`) only CREATE TABLE AS takes rows.

        >>> ws.write("CREATE TABLE late AS SELECT * FROM flights WHERE dep_delay > $minutes", minutes=60)
        """
        return self.run(sql, params, mode="write", results=results)

    def run(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        mode: Mode | Literal["auto"] = "read",
        limit: int | None = None,
        timeout_ms: int | None = None,
        as_of: Mapping[str, int] | str | None = None,
        cache: bool = True,
        results: Named | None = None,
    ) -> Result:
        """Run one statement with every option. Mode `auto` reads or writes, whichever the statement does. Without
        `cache` a result that is kept of the same statement over the same rows is not taken for the answer.
        """
        ids = {name: str(getattr(named, "id", named)) for name, named in (results or {}).items()}
        options: dict[str, Any] = {"limit": limit, "timeout_ms": timeout_ms, "as_of": as_of, "cache": cache}
        return self.result(run_query(self.transport, sql, params, mode=mode, results=ids, **options))

    def result(self, body: Mapping[str, Any]) -> Result:
        """The result of a finished query, whose body the data plane answered."""
        return Result(self.transport, body, self._spool)

    def save(
        self,
        name: str,
        sql: str,
        *,
        description: str | None = None,
        params: saved_queries.Declared | None = None,
        message: str = "",
    ) -> SavedQuery:
        """Save a statement that reads, for everybody in the workspace; the same name again is a new version of it.

        `params` declares `$name`s: a type, or what the API says of a parameter; the rest is found in the statement.

        >>> ws.save("Late flights", "FROM flights WHERE dep_delay > $minutes", params={"minutes": {"default": 60}})
        """
        return saved_queries.save(self, name, sql, description, params, message)

    @overload
    def saved(self) -> list[SavedQuery]: ...
    @overload
    def saved(self, name: str) -> SavedQuery: ...
    def saved(self, name: str | None = None) -> SavedQuery | list[SavedQuery]:
        """The saved query of a slug or name, or all of them."""
        if name is not None:
            return saved_queries.found(self, name)
        return [SavedQuery.from_body(self, body) for body in self.transport.items("saved-queries")]

    def query(self, name: str, /, **params: Any) -> Result:
        """Run a saved query, by slug or name, with values for its parameters.

        >>> ws.query("late-flights", minutes=120).df()
        """
        return self.saved(name).run(**params)

    def rerun(self, query_id: str, *, as_of: AsOf = "then") -> Result:
        """Run a query of yours again, on the table versions that it read or on those of now; the receipt compares.

        >>> ws.rerun(result.id, as_of="now").receipt["same_result"]
        """
        return self.result(run_again(self.transport, query_id, as_of))

    def history(self, words: str = "", *, limit: int = 100, **search: Any) -> History:
        """Your queries whose statement has all these words, newest first; `state`, `since`, `table` narrow it down."""
        items = self.transport.items("queries", {"q": words, "limit": min(limit, 1000), **search})
        return History([past_query(self, item) for item in itertools.islice(items, limit)])

    def validate(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        mode: Mode = "read",
        as_of: Mapping[str, int] | str | None = None,
        plan: Literal["text", "json"] | None = None,
    ) -> dict[str, Any]:
        """What a statement would be, without running it: `{valid, error, statement_type, columns, parameters, tables,
        plan}`. What is wrong with it stands in `error`; a parameter without a value counts as null.

        >>> ws.validate("SELECT carrier FROM flights WHERE month = $month")["parameters"]
        [{'name': 'month', 'type': 'BIGINT'}]
        """
        request = {"sql": sql, "mode": mode, "params": sendable(params or {}), "as_of": as_of, "plan": plan}
        found: dict[str, Any] = self.transport.send("POST", "queries/validate", json_body=request)
        return found

    def format(self, sql: str) -> str:
        """A statement laid out anew, its comments kept; what the formatter does not know stays as it is."""
        return str(self.transport.send("POST", "queries/format", json_body={"sql": sql})["sql"])

    def complete(self, sql: str, position: int) -> dict[str, Any]:
        """What could stand at a position of a text of SQL: `{start, end, items: [{label, kind, detail}]}`."""
        found: dict[str, Any] = self.transport.send(
            "POST", "queries/complete", json_body={"sql": sql, "position": position}, patience_s=5
        )
        return found

    def tables(self) -> list[Table]:
        """All tables."""
        return [Table.from_body(self, item) for item in self.transport.items("tables")]

    def table(self, name: str) -> Table:
        """One table; DeitaError `table_not_found` when there is none of that name."""
        return Table.from_body(self, self.transport.get(path_of("tables", name)))

    def restore_table(self, name: str, version: int) -> Table:
        """Bring a version of a table back as the newest, also of one that was deleted."""
        body = self.transport.send("POST", path_of("tables", name, "restore"), json_body={"version": version})
        return Table.from_body(self, body)

    def delete_table(self, name: str) -> None:
        """Delete a table; `restore_table` brings it back."""
        self.transport.send("DELETE", path_of("tables", name))

    def files(self) -> list[File]:
        """All files."""
        return [File.from_body(item) for item in self.transport.items("files")]

    def upload(
        self,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        replace: bool = False,
        progress: Progress = quiet,
    ) -> File:
        """Send a file, streamed; after a lost connection a large one goes on where it stopped.

        Other bytes under a taken name are refused (`file_exists`) unless `replace`.
        """
        source = Path(path)
        with source.open("rb") as file:
            return File.from_body(send_file(self.transport, file, name or source.name, replace, progress))

    def download(self, name: str, path: str | os.PathLike[str] | None = None, *, version: int | None = None) -> Path:
        """Fetch a file, streamed, to `path` (default: its own name here). A cut download leaves nothing behind."""
        target = Path(path) if path is not None else Path(Path(name).name)
        part = target.with_name(f"{target.name}.part")
        query = {"version": version} if version is not None else None
        try:
            with self.transport.stream(path_of("files", name), query) as response, part.open("wb") as file:
                for chunk in response.stream(CHUNK):
                    file.write(chunk)
            part.replace(target)
        except urllib3.exceptions.HTTPError as error:
            raise ResultIncomplete("result_incomplete", "The download broke off.", "Fetch it again.") from error
        finally:
            part.unlink(missing_ok=True)
        return target

    def delete_file(self, name: str) -> None:
        """Delete a file; tables made from it stay."""
        self.transport.send("DELETE", path_of("files", name))

    def import_file(
        self,
        path_or_name: str | os.PathLike[str],
        *,
        table: str | None = None,
        mode: ImportMode = "create",
        timeout_s: float | None = None,
        progress: Progress = quiet,
        **recipe: Any,
    ) -> Import:
        """Read a file into a table and wait for it. A path that exists here is uploaded first, replacing its namesake.

        Keyword arguments beyond the named ones are parts of the recipe (how to read the file). Ctrl-C cancels
        the import.

        >>> done = ws.import_file("sales.csv", table="sales", mode="replace", delimiter=";")
        >>> done.rows, done.reject_count
        (12408, 0)
        """
        name = os.fspath(path_or_name)
        if Path(name).is_file():
            name = self.upload(name, replace=True, progress=progress).name
        request: dict[str, Any] = {"file": name, "mode": mode}
        if table is not None:
            request["table"] = table
        if recipe:
            request["recipe"] = recipe
        return run_import(self.transport, request, timeout_s=timeout_s, progress=progress)

    def preview(self, name: str, /, **recipe: Any) -> Preview:
        """Look at how a file of the workspace would be read, with these parts of the recipe; nothing is kept.

        >>> ws.preview("sales.csv", delimiter=";").columns
        """
        return preview(self.transport, name, recipe)

    def reimport(
        self, table: str, /, *, timeout_s: float | None = None, progress: Progress = quiet, **recipe: Any
    ) -> Import:
        """Read a table's own file again, as it was then, with these parts of the recipe changed; the table gets a new
        version and keeps the old. What is not named stays as it was read. Raises DeitaError `not_from_file`.

        >>> ws.reimport("sales", columns={"price": "DECIMAL(10,2)"})
        """
        request = reading_again(table, self.table(table).source, recipe)
        return run_import(self.transport, request, timeout_s=timeout_s, progress=progress)

    def import_frame(
        self, frame: pandas.DataFrame | polars.DataFrame | pyarrow.Table, *, table: str, mode: ImportMode = "create"
    ) -> Import:
        """Make a table of a pandas or polars DataFrame or a pyarrow Table. It travels as Parquet; a pandas index
        is left behind.

        >>> ws.import_frame(pandas.DataFrame({"city": ["Oslo"], "people": [717_710]}), table="cities")
        """
        parquet = need("pyarrow.parquet", "arrow")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{table}.parquet"
            parquet.write_table(table_of(frame), path)
            return self.import_file(path, table=table, mode=mode)

    def connect_postgres(self, name: str) -> foreign.PostgresConnection:
        """A PostgreSQL outside, by the name of the workspace's connection to it; `deita connection add` keeps one.

        >>> ws.connect_postgres("crm").sql("SELECT count(*) FROM orders").df()
        """
        return foreign.found(self.transport, name)
