"""Handlers of `/queries`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from deita_server import roles
from deita_server.base import DeitaHandler
from deita_server.clock import iso
from deita_server.errors import DeitaError
from deita_server.waiting import WaitingHandler

from .running import RunningHandler
from .streaming import FORMATS, chosen_format, send_stream

if TYPE_CHECKING:
    from deita_engine.shapes import Selection

    from .models import NewQuery


class QueriesHandler(RunningHandler):
    """All queries."""

    actions: ClassVar[dict[str, roles.Action]] = {"GET": "look", "POST": "query"}

    async def get(self) -> None:
        """List the person's queries, newest first."""
        await self.dataplane.querying()
        from .history import Search
        from .models import QueriesQuery

        query = self.read_query(QueriesQuery)
        search = Search(tuple(query.q.split()), query.state, iso(query.since) if query.since else None, query.table)
        self.answer(await self.dataplane.queries.recent(search, query.cursor, query.limit))

    async def post(self) -> None:
        """Run a statement."""
        await self.dataplane.querying()
        from .models import NewQuery

        new = self.read_body(NewQuery)
        self._check(new)
        await self.run(new)

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


class ResultsHandler(WaitingHandler):
    """The result of a query."""

    async def get(self, id: str) -> None:
        """Send a page, or all of it in the format that was asked for, or the part of that that `Range` names."""
        await self.dataplane.querying()
        from .result_models import ResultsQuery
        from .results import selected

        query = self.read_query(ResultsQuery)
        selection = selected(query.order, query.filter)
        format = chosen_format(query.format, self.request.headers.get("Accept", ""))
        if format is None:
            await self.answer_with(self.dataplane.results.page(id, query.cursor, query.limit, selection))
            return
        self.set_header("Content-Disposition", f"attachment; {_named(query.name, id, FORMATS[format][1])}")
        await self.while_waited_for(self._send(id, format, raw=query.raw, selection=selection))

    async def _send(self, id: str, format: str, *, raw: bool, selection: Selection) -> None:
        async with self.dataplane.results.whole(id, format, raw=raw, selection=selection) as stream:
            self.set_header("Content-Type", FORMATS[format][0])
            if await send_stream(self, stream, self.dataplane.disk, parts=True):
                self.finish(set_content_type=FORMATS[format][0])

    head = get


def _named(name: str | None, id: str, extension: str) -> str:
    """Say what a browser calls the file."""
    return f"filename*=UTF-8''{quote(name, safe='')}.{extension}" if name else f'filename="{id}.{extension}"'


class ResultProfileHandler(WaitingHandler):
    """What the columns of a result hold."""

    async def get(self, id: str) -> None:
        """Send the profile."""
        await self.dataplane.querying()
        from .result_models import Filtered

        await self.answer_with(self.dataplane.results.profile(id, self.read_query(Filtered).filter))


class ChartHandler(WaitingHandler):
    """A result as points to draw."""

    async def get(self, id: str) -> None:
        """Send the points."""
        await self.dataplane.querying()
        from .result_models import ChartQuery

        await self.answer_with(self.dataplane.results.chart(id, self.read_query(ChartQuery)))


ROUTES: list[tuple[str, type[DeitaHandler]]] = [
    ("/queries", QueriesHandler),
    ("/queries/{id}", QueryHandler),
    ("/queries/{id}/results", ResultsHandler),
    ("/queries/{id}/profile", ResultProfileHandler),
    ("/queries/{id}/chart", ChartHandler),
]
