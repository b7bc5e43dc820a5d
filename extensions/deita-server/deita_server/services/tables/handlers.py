"""Handlers of `/tables`."""

from __future__ import annotations

from deita_server.base import DeitaHandler


class TablesHandler(DeitaHandler):
    """All tables."""

    async def get(self) -> None:
        """List the tables by name."""
        await self.dataplane.querying()
        from .models import ListQuery

        query = self.read_query(ListQuery)
        self.answer(await self.dataplane.tables.list(query.cursor, query.limit))


class TableHandler(DeitaHandler):
    """One table."""

    async def get(self, name: str) -> None:
        """Send what is known of the table."""
        await self.dataplane.querying()
        self.answer(await self.dataplane.tables.get(name))

    async def patch(self, name: str) -> None:
        """Rename the table."""
        await self.dataplane.querying()
        from .models import Rename

        self.answer(await self.dataplane.tables.rename(name, self.read_body(Rename).name))

    async def delete(self, name: str) -> None:
        """Drop the table."""
        await self.dataplane.querying()
        await self.dataplane.tables.delete(name)
        self.set_status(204)
        self.finish()


class RowsHandler(DeitaHandler):
    """The rows of a table."""

    async def get(self, name: str) -> None:
        """Send a page of rows."""
        await self.dataplane.querying()
        from .models import RowsQuery

        query = self.read_query(RowsQuery)
        self.answer(await self.dataplane.tables.rows(name, query.cursor, query.limit, query.order, query.filter))


class VersionsHandler(DeitaHandler):
    """The versions of a table."""

    async def get(self, name: str) -> None:
        """List the versions, newest first."""
        await self.dataplane.storing()
        from .models import ListQuery

        query = self.read_query(ListQuery)
        self.answer(await self.dataplane.versions.list(name, query.cursor, query.limit))


ROUTES: list[tuple[str, type[DeitaHandler]]] = [
    ("/tables", TablesHandler),
    ("/tables/{name}", TableHandler),
    ("/tables/{name}/rows", RowsHandler),
    ("/tables/{name}/versions", VersionsHandler),
]
