"""Handlers of `/saved-queries`; their endpoints are in `endpoints`."""

from __future__ import annotations

import re
from typing import ClassVar

from deita_server import roles
from deita_server.base import DeitaHandler
from deita_server.errors import bad_field
from deita_server.idempotency import id_of
from deita_server.services.queries.running import RunningHandler

from .endpoints import EndpointHandler

VERSION_TAG = re.compile(r'(?:W/)?"(\d{1,9})"')


class SavedHandler(DeitaHandler):
    """Base of handlers of saved queries: what is wrong with a statement is wrong with the request."""

    statuses: ClassVar[dict[str, int]] = {"table_not_found": 400}

    def expected_version(self) -> int | None:
        """Return the version that If-Match names; None without one."""
        given = self.request.headers.get("If-Match", "")
        if not given or given.strip() == "*":
            return None
        found = VERSION_TAG.fullmatch(given.strip())
        if not found:
            raise bad_field("If-Match", "it must be the ETag that the saved query came with")
        return int(found[1])

    def made_with(self) -> str | None:
        """The id that the Idempotency-Key stands for, if there is one."""
        key = self.request.headers.get("Idempotency-Key", "")
        return str(id_of(key)) if key else None


class SavedQueriesHandler(SavedHandler):
    """All saved queries."""

    async def get(self) -> None:
        """List them by slug."""
        await self.dataplane.storing()
        from .models import ListQuery

        query = self.read_query(ListQuery)
        self.answer(await self.dataplane.saved_queries.list(query.cursor, query.limit))

    async def post(self) -> None:
        """Save a statement."""
        await self.dataplane.storing()
        from .models import NewSavedQuery

        manager, new = self.dataplane.saved_queries, self.read_body(NewSavedQuery)
        key, made_with = self.request.headers.get("Idempotency-Key", ""), self.made_with()
        slug = await manager.idempotency.once(key, self.request.body, lambda: manager.create(new, made_with))
        saved = await manager.get(slug)
        self.set_header("Location", f"{self.request.path.rstrip('/')}/{slug}")
        self.set_header("ETag", f'"{saved.version}"')
        self.answer(saved, 201)


class SavedQueryHandler(SavedHandler):
    """One saved query."""

    async def get(self, slug: str) -> None:
        """Send it as it stands."""
        await self.dataplane.storing()
        saved = await self.dataplane.saved_queries.get(slug)
        self.set_header("ETag", f'"{saved.version}"')
        self.answer(saved)

    async def patch(self, slug: str) -> None:
        """Save what is different as a new version."""
        await self.dataplane.storing()
        from .models import SavedQueryChange

        change = self.read_body(SavedQueryChange)
        saved = await self.dataplane.saved_queries.change(slug, change, self.expected_version())
        self.set_header("ETag", f'"{saved.version}"')
        self.answer(saved)

    async def delete(self, slug: str) -> None:
        """Delete it; `restore` brings it back."""
        await self.dataplane.storing()
        await self.dataplane.saved_queries.delete(slug, self.expected_version())
        self.set_status(204)
        self.finish()


class SavedVersionsHandler(SavedHandler):
    """The versions of a saved query."""

    async def get(self, slug: str) -> None:
        """List them, newest first."""
        await self.dataplane.storing()
        from .models import ListQuery

        query = self.read_query(ListQuery)
        self.answer(await self.dataplane.saved_queries.versions(slug, query.cursor, query.limit))


class SavedRestoreHandler(SavedHandler):
    """Bringing a version back."""

    async def post(self, slug: str) -> None:
        """Make the version the newest and send the saved query."""
        await self.dataplane.storing()
        from .models import RestoreSavedQuery

        saved = await self.dataplane.saved_queries.restore(slug, self.read_body(RestoreSavedQuery), self.made_with())
        self.set_header("ETag", f'"{saved.version}"')
        self.answer(saved)


class SavedRunHandler(RunningHandler):
    """Running a saved query: as `POST /queries`, with values instead of a statement."""

    actions: ClassVar[dict[str, roles.Action]] = {"POST": "query"}

    async def post(self, slug: str) -> None:
        """Run it."""
        await self.dataplane.storing()
        from .models import SavedQueryRun
        from .runs import query_of, run_of

        wanted = self.read_body(SavedQueryRun)
        options = wanted.model_dump(exclude={"params"})
        saved = await self.dataplane.saved_queries.get(slug)
        await self.run(query_of(saved, wanted.params, **options), run_of(saved))


ROUTES: list[tuple[str, type[DeitaHandler]]] = [
    ("/saved-queries", SavedQueriesHandler),
    ("/saved-queries/{slug}", SavedQueryHandler),
    ("/saved-queries/{slug}/versions", SavedVersionsHandler),
    ("/saved-queries/{slug}/restore", SavedRestoreHandler),
    ("/saved-queries/{slug}/run", SavedRunHandler),
    ("/q/{slug}.{format}", EndpointHandler),
]
