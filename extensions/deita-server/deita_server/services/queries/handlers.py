"""Handlers of `/queries`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from deita_server import roles
from deita_server.base import DeitaHandler
from deita_server.errors import DeitaError

from .streaming import FORMATS, chosen_format, send_stream

if TYPE_CHECKING:
    from .models import NewQuery


class QueriesHandler(DeitaHandler):
    """All queries."""

    actions: ClassVar[dict[str, roles.Action]] = {"GET": "look", "POST": "query"}
    statuses: ClassVar[dict[str, int]] = {"table_not_found": 400}

    async def get(self) -> None:
        """List the person's recent queries, newest first."""
        await self.dataplane.querying()
        from .models import QueriesQuery

        query = self.read_query(QueriesQuery)
        self.answer(self.dataplane.queries.recent(query.cursor, query.limit))

    async def post(self) -> None:
        """Run a statement."""
        await self.dataplane.querying()
        from .models import NewQuery

        queries, new = self.dataplane.queries, self.read_body(NewQuery)
        self._check(new)
        key = self.request.headers.get("Idempotency-Key", "")
        query_id = await queries.idempotency.once(key, self.request.body, lambda: self._start(new))
        body, over = await queries.body(query_id, min(new.wait_ms, self.dataplane.limits.max_wait_ms))
        if not over:
            self.set_header("Location", f"{self.request.path.rstrip('/')}/{query_id}")
        self.answer(body, 200 if over else 202)

    async def _start(self, new: NewQuery) -> str:
        look_back = None
        if new.as_of is not None:
            await self.dataplane.storing()
            look_back = await self.dataplane.history.look_back(new.as_of)
        return await self.dataplane.queries.start(new, self.request_id, look_back)

    def _check(self, new: NewQuery) -> None:
        role = self.dataplane.settings.role
        if new.mode == "write" and not roles.may(role, "change"):
            raise DeitaError("forbidden", f"A {role} may not run statements that write.", details={"role": role})


class QueryHandler(DeitaHandler):
    """One query."""

    actions: ClassVar[dict[str, roles.Action]] = {"GET": "look", "DELETE": "query"}

    async def get(self, id: str) -> None:
        """Send the query, after waiting for its end if asked to."""
        await self.dataplane.querying()
        from .models import WaitQuery

        wait = min(self.read_query(WaitQuery).wait_ms, self.dataplane.limits.max_wait_ms)
        self.answer((await self.dataplane.queries.body(id, wait))[0])

    async def delete(self, id: str) -> None:
        """Cancel the query and answer when it is over."""
        await self.dataplane.querying()
        self.answer(await self.dataplane.queries.cancel(id))


class ResultsHandler(DeitaHandler):
    """The result of a query."""

    async def get(self, id: str) -> None:
        """Send a page, or all of it in the format that was asked for."""
        await self.dataplane.querying()
        from .models import ResultsQuery

        query = self.read_query(ResultsQuery)
        format = chosen_format(query.format, self.request.headers.get("Accept", ""))
        if format is None:
            self.answer(await self.dataplane.queries.page(id, query.cursor, query.limit))
            return
        stream = await self.dataplane.queries.stream(id, format, raw=query.raw)
        media_type, extension = FORMATS[format]
        self.set_header("Content-Type", media_type)
        named = (
            f"filename*=UTF-8''{quote(query.name, safe='')}.{extension}"
            if query.name
            else f'filename="{id}.{extension}"'
        )
        self.set_header("Content-Disposition", f"attachment; {named}")
        if await send_stream(self, stream, self.dataplane.disk):
            self.finish(set_content_type=media_type)


class CompleteHandler(DeitaHandler):
    """Completion of a statement being written."""

    actions: ClassVar[dict[str, roles.Action]] = {"POST": "query"}

    async def post(self) -> None:
        """Send what could stand at the cursor."""
        await self.dataplane.querying()
        from .models import ToComplete

        wanted = self.read_body(ToComplete)
        self.answer(await self.dataplane.queries.complete(wanted.sql, wanted.position))


ROUTES: list[tuple[str, type[DeitaHandler]]] = [
    ("/queries", QueriesHandler),
    ("/queries/complete", CompleteHandler),
    ("/queries/{id}", QueryHandler),
    ("/queries/{id}/results", ResultsHandler),
]
