"""Tables as the engine has them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from deita_engine.shapes import RowsSpec

from deita_server import cursors
from deita_server.errors import DeitaError
from deita_server.selecting import parsed_filter, parsed_order

from .models import Column, Source, Table, TableList

if TYPE_CHECKING:
    from deita_engine import shapes
    from deita_engine.client import Engine


class TablesManager:
    """Raises EngineError table_not_found, table_exists; DeitaError bad_cursor, bad_request."""

    def __init__(self, engine: Engine, person: str, committed: Callable[[], None]) -> None:
        self._engine, self._person, self._committed = engine, person, committed

    async def list(self, cursor: str | None, limit: int) -> TableList:
        """Return a page of tables, by name."""
        after = cursors.decode("tables", cursor) if cursor else ""
        if not isinstance(after, str):
            raise DeitaError("bad_cursor", "This cursor cannot be read.")
        found = [table for table in await self._engine.tables() if table.name > after]
        found.sort(key=lambda table: table.name)
        page = [table_shape(table) for table in found[:limit]]
        return TableList(items=page, next=cursors.encode("tables", page[-1].name) if len(found) > limit else None)

    async def get(self, name: str) -> Table:
        """Return the table; names are told apart without regard to case, as in SQL."""
        wanted = name.casefold()
        for table in await self._engine.tables():
            if table.name.casefold() == wanted:
                return table_shape(table)
        raise missing(name)

    async def exists(self, name: str) -> bool:
        """Say whether there is such a table or view."""
        return any(table.name.casefold() == name.casefold() for table in await self._engine.tables())

    async def rename(self, name: str, new_name: str) -> Table:
        """Give a table another name."""
        table = await self.get(name)
        await self._engine.rename_table(table.name, new_name, self._person)
        self._committed()
        return await self.get(new_name)

    async def delete(self, name: str) -> None:
        """Drop a table; the lake's history keeps its versions."""
        table = await self.get(name)
        await self._engine.drop_table(table.name, self._person)
        self._committed()

    async def rows(
        self,
        name: str,
        cursor: str | None,
        limit: int,
        order: str,
        filters: Sequence[str],
        version: int | None = None,
    ) -> bytes:
        """Return a page of rows as JSON; a cursor is bound to the snapshot that the first page showed.

        `version` is the snapshot of an older version to show.
        """
        scope = f"rows:{name}:{version}:{order}:{json.dumps(filters)}"
        offset, snapshot = _place(scope, cursor)
        spec = RowsSpec(name, offset, limit, parsed_order(order), tuple(map(parsed_filter, filters)), snapshot, version)
        page = await self._engine.table_rows(spec)
        last = offset + page.rows
        more = page.rows and last < page.row_count
        head = {"columns": [dataclasses.asdict(column) for column in page.columns]}
        tail = {"row_count": page.row_count, "next": cursors.encode(scope, [last, page.snapshot]) if more else None}
        return json.dumps(head).encode()[:-1] + b',"rows":' + page.rows_json + b"," + json.dumps(tail).encode()[1:]


def missing(name: str) -> DeitaError:
    """Return the error for a table that is not there."""
    return DeitaError("table_not_found", f"There is no table {name[:200]}.", details={"table": name[:200]})


def _place(scope: str, cursor: str | None) -> tuple[int, int | None]:
    if not cursor:
        return 0, None
    place = cursors.decode(scope, cursor)
    if not (isinstance(place, list) and len(place) == 2 and all(isinstance(part, int) and part >= 0 for part in place)):
        raise DeitaError("bad_cursor", "This cursor cannot be read.")
    return place[0], place[1]


def table_shape(table: shapes.Table) -> Table:
    """Return the engine's table as the API's."""
    return Table(
        name=table.name,
        kind=table.kind,
        columns=[Column(**dataclasses.asdict(column)) for column in table.columns],
        rows=table.rows,
        bytes=table.bytes,
        version=table.version,
        created_at=table.created_at,
        created_by=table.created_by,
        source=Source(**dataclasses.asdict(table.source)),
        comment=table.comment,
    )
