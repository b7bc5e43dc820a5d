"""`/q/{slug}.{format}`: the whole result of a saved query, as a file at an address.

The answer begins when the statement is over and not before, so that a status of 200 is a whole result and a failure
has a status of its own. Who leaves meanwhile ends the statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from deita_server import roles
from deita_server.services.queries.running import RunningHandler
from deita_server.services.queries.streaming import FORMATS, chosen_format, send_stream
from deita_server.waiting import WaitingHandler

if TYPE_CHECKING:
    from deita_server.services.queries.models import NewQuery, SavedRun

    from .freshness import Freshness

SHOWN = frozenset({"json", "ndjson"})
"""Formats that a browser may show; the others are saved."""


@dataclass(frozen=True)
class Asked:
    """What an address asks for; `fresh` is None where the answer may differ each time."""

    query: NewQuery
    saved: SavedRun
    raw: bool
    fresh: Freshness | None


class EndpointHandler(RunningHandler, WaitingHandler):
    """The endpoint of a saved query."""

    actions: ClassVar[dict[str, roles.Action]] = {"GET": "query", "HEAD": "query"}
    _query_id: str | None = None

    async def get(self, slug: str, format: str) -> None:
        """Run the saved query and send its result, unless the client has it."""
        asked = await self._asked(slug, format)
        if self._is_known(asked):
            return
        queries = self.dataplane.queries
        self._query_id = query_id = await self.start(asked.query, asked.saved)
        self.set_header("X-Deita-Query", query_id)
        await queries.succeed(query_id)
        await self.while_waited_for(self._send(slug, query_id, format, raw=asked.raw))

    async def _send(self, slug: str, query_id: str, format: str, *, raw: bool) -> None:
        async with self.dataplane.results.whole(query_id, format, raw=raw) as stream:
            self._describe(slug, format)
            if await send_stream(self, stream, self.dataplane.disk):
                self.finish(set_content_type=FORMATS[format][0])

    async def head(self, slug: str, format: str) -> None:
        """Say what the answer would be, without running anything."""
        if not self._is_known(await self._asked(slug, format)):
            self._describe(slug, format)
            self.finish(set_content_type=FORMATS[format][0])

    def on_connection_close(self) -> None:
        """End the statement that nobody waits for any more."""
        super().on_connection_close()
        if self._query_id:
            self.dataplane.in_background(self.dataplane.queries.cancel(self._query_id))

    async def _asked(self, slug: str, format: str) -> Asked:
        await self.dataplane.storing()
        from .freshness import freshness
        from .models import EndpointQuery
        from .parameters import from_address
        from .runs import as_of_address, query_of, run_of

        chosen_format(format, "")
        saved = await self.dataplane.saved_queries.get(slug)
        options = self.read_query(EndpointQuery)
        names = set(self.request.query_arguments) - {*EndpointQuery.model_fields, "token"}
        given = from_address(saved.params, {name: self.get_query_arguments(name, strip=False) for name in names})
        query = query_of(saved, given, limit=options.limit, as_of=as_of_address(options.as_of))
        reads = await self.dataplane.engine.reads(saved.sql)
        if not reads.stable:
            return Asked(query, run_of(saved), options.raw, None)
        tables = await self.dataplane.engine.tables()
        asked = query.model_dump(include={"params", "limit", "as_of"})
        fresh = freshness(saved, reads.tables, tables, format=format, raw=options.raw, **asked)
        return Asked(query, run_of(saved), options.raw, fresh)

    def _is_known(self, asked: Asked) -> bool:
        """Send 304 when the client has the answer."""
        if asked.fresh is None:
            return False
        self.set_header("Cache-Control", "private, no-cache")  # keep it, and ask each time whether it is still good
        self.set_header("ETag", asked.fresh.tag)
        self.set_header("Last-Modified", asked.fresh.modified)
        if not asked.fresh.is_known(self.request.headers.get("If-None-Match", "")):
            return False
        self.set_status(304)
        self.finish()
        return True

    def _describe(self, slug: str, format: str) -> None:
        media_type, extension = FORMATS[format]
        self.set_header("Content-Type", media_type)
        how = "inline" if format in SHOWN else "attachment"
        self.set_header("Content-Disposition", f'{how}; filename="{slug}.{extension}"')
