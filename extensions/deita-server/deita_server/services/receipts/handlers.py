"""Handlers of receipts, below `/queries/{id}`."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, ClassVar

from deita_server import roles
from deita_server.base import DeitaHandler

if TYPE_CHECKING:
    from .models import FullReceipt


class ReceiptHandler(DeitaHandler):
    """Where a result comes from."""

    _finding: asyncio.Task[FullReceipt] | None = None

    async def get(self, id: str) -> None:
        """Send the receipt in full; who hangs up no longer waits for a hash."""
        await self.dataplane.storing()
        self._finding = asyncio.get_running_loop().create_task(self.dataplane.receipts.full(id))
        with contextlib.suppress(asyncio.CancelledError):
            self.answer(await self._finding)

    def on_connection_close(self) -> None:
        """Stop waiting."""
        if self._finding:
            self._finding.cancel()


class RerunHandler(DeitaHandler):
    """Running a query again."""

    actions: ClassVar[dict[str, roles.Action]] = {"POST": "query"}
    statuses: ClassVar[dict[str, int]] = {"table_not_found": 400}

    async def post(self, id: str) -> None:
        """Run the query again and send the new one."""
        await self.dataplane.storing()
        from .models import NewRerun

        new, queries = self.read_body(NewRerun), self.dataplane.queries
        key = self.request.headers.get("Idempotency-Key", "")
        asked = self.request.path.encode() + b"\n" + self.request.body
        query_id = await queries.idempotency.once(
            key, asked, lambda: self.dataplane.receipts.rerun(id, new, self.request_id)
        )
        body, over = await queries.body(query_id, min(new.wait_ms, self.dataplane.limits.max_wait_ms))
        if not over:
            self.set_header("Location", f"{self.request.path.removesuffix(f'/{id}/rerun')}/{query_id}")
        self.answer(body, 200 if over else 202)


ROUTES: list[tuple[str, type[DeitaHandler]]] = [
    ("/queries/{id}/receipt", ReceiptHandler),
    ("/queries/{id}/rerun", RerunHandler),
]
