"""What every request that starts a query does: one effect for each Idempotency-Key, and the query as the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from deita_server.base import DeitaHandler
from deita_server.idempotency import id_of

if TYPE_CHECKING:
    from .models import NewQuery, SavedRun

API = "/deita/api/v1"


class RunningHandler(DeitaHandler):
    """Base of handlers that start queries; a table that the statement does not find is wrong with the request."""

    statuses: ClassVar[dict[str, int]] = {"table_not_found": 400}

    async def run(self, new: NewQuery, saved: SavedRun | None = None) -> None:
        """Start a query, perhaps of a saved one, and send it: over, or where to wait for it."""
        queries, request = self.dataplane.queries, self.request
        key, asked = request.headers.get("Idempotency-Key", ""), f"{request.path}\n".encode() + request.body
        if key and new.mode == "write":
            new.id = new.id or id_of(key)
        query_id = await queries.idempotency.once(key, asked, lambda: self._start_once(new, saved, key))
        body, over = await queries.body(query_id, min(new.wait_ms, self.dataplane.limits.max_wait_ms))
        if not over:
            self.set_header("Location", f"{request.path.partition(API)[0]}{API}/queries/{query_id}")
        self.answer(body, 200 if over else 202)

    async def _start_once(self, new: NewQuery, saved: SavedRun | None, key: str) -> str:
        """Start a query, unless it wrote with this key before, perhaps in an earlier server; return its id."""
        if key and new.mode == "write" and await self.dataplane.queries.ran(new):
            return str(new.id)
        return await self.start(new, saved)

    async def start(self, new: NewQuery, saved: SavedRun | None = None) -> str:
        """Start a query, in the past if so asked, and return its id."""
        look_back = await self.dataplane.look_back(new.as_of)
        return await self.dataplane.queries.start(new, self.request_id, look_back, saved=saved)
