"""Handlers of `/tables`."""

from __future__ import annotations

from deita_server.base import DeitaHandler
from deita_server.idempotency import id_of
from deita_server.waiting import WaitingHandler


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
        """Send what is known of the table, or was known of an older version."""
        from .models import VersionQuery

        version = self.read_query(VersionQuery).version
        if version is None:
            await self.dataplane.querying()
            self.answer(await self.dataplane.tables.get(name))
        else:
            await self.dataplane.storing()
            self.answer(await self.dataplane.history.table(name, version))

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
        at = None
        if query.version is not None:
            await self.dataplane.storing()
            at = (await self.dataplane.versions.find(name, query.version)).snapshot
        rows = self.dataplane.tables.rows(name, query.cursor, query.limit, query.order, query.filter, at)
        self.answer(await rows)


class VersionsHandler(DeitaHandler):
    """The versions of a table."""

    async def get(self, name: str) -> None:
        """List the versions, newest first."""
        await self.dataplane.storing()
        from .models import ListQuery

        query = self.read_query(ListQuery)
        self.answer(await self.dataplane.versions.list(name, query.cursor, query.limit))


class ProfileHandler(WaitingHandler):
    """What the columns hold."""

    async def get(self, name: str) -> None:
        """Send the profile of a version; who hangs up no longer waits for it."""
        await self.dataplane.storing()
        from .models import VersionQuery

        version = self.read_query(VersionQuery).version
        await self.answer_with(self.dataplane.profiles.get(name, version))


class RestoreHandler(DeitaHandler):
    """Bringing a version back."""

    async def post(self, name: str) -> None:
        """Make the version the newest and send the table."""
        await self.dataplane.storing()
        from .models import Restore

        history, version = self.dataplane.history, self.read_body(Restore).version
        key = self.request.headers.get("Idempotency-Key", "")
        id, asked = str(id_of(key)) if key else None, f"{name}\n{version}".encode()
        restored = await history.idempotency.once(key, asked, lambda: history.restore(name, version, id))
        self.answer(await self.dataplane.tables.get(restored))


ROUTES: list[tuple[str, type[DeitaHandler]]] = [
    ("/tables", TablesHandler),
    ("/tables/{name}", TableHandler),
    ("/tables/{name}/rows", RowsHandler),
    ("/tables/{name}/versions", VersionsHandler),
    ("/tables/{name}/profile", ProfileHandler),
    ("/tables/{name}/restore", RestoreHandler),
]
