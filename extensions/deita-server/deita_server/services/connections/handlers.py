"""Handlers of `/connections`: for those who work in the workspace; the control plane asks for the same."""

from __future__ import annotations

import asyncio
from typing import IO, ClassVar

from tornado.iostream import StreamClosedError

from deita_server import roles
from deita_server.base import DeitaHandler

ARROW = "application/vnd.apache.arrow.stream"


class ConnectionsHandler(DeitaHandler):
    """All connections."""

    actions: ClassVar[dict[str, roles.Action]] = {"GET": "raw"}

    async def get(self) -> None:
        """List them."""
        await self.dataplane.storing()
        self.answer(await self.dataplane.connections.list())


class ForeignTablesHandler(DeitaHandler):
    """What can be read through a connection."""

    actions: ClassVar[dict[str, roles.Action]] = {"GET": "raw"}

    async def get(self, name: str) -> None:
        """List its tables and views."""
        await self.dataplane.storing()
        self.finish(
            (await self.dataplane.connections.tables(name)).model_dump_json(by_alias=True),
            set_content_type="application/json",
        )


class SampleHandler(DeitaHandler):
    """The first rows of a table or query."""

    actions: ClassVar[dict[str, roles.Action]] = {"POST": "raw"}

    async def post(self, name: str) -> None:
        """Send them as texts."""
        await self.dataplane.storing()
        from .models import Sample

        self.answer(await self.dataplane.connections.sample(name, self.read_body(Sample)))


class ForeignQueryHandler(DeitaHandler):
    """Rows of a table or query, whole."""

    actions: ClassVar[dict[str, roles.Action]] = {"POST": "raw"}
    _reading: asyncio.Task[IO[bytes]] | None = None

    async def post(self, name: str) -> None:
        """Send them as an Arrow stream, once all are here: an error is one, and no half answer."""
        await self.dataplane.storing()
        from .manager import pieces_of
        from .models import ToRead

        asked = self.dataplane.connections.read(name, self.read_body(ToRead))
        self._reading = asyncio.get_running_loop().create_task(asked)
        await asyncio.wait((self._reading,))
        if self._reading.cancelled():
            return
        with self._reading.result() as file:
            self.set_header("Content-Type", ARROW)
            try:
                async for piece in pieces_of(file, self.dataplane.disk):
                    self.write(piece)
                    await self.flush()
            except StreamClosedError:
                return  # the client left; there is nobody to tell
        self.finish(set_content_type=ARROW)

    def on_connection_close(self) -> None:
        """Stop reading when nobody waits for it any more: the statement is cancelled at the database, too."""
        super().on_connection_close()
        if self._reading:
            self._reading.cancel()


ROUTES: list[tuple[str, type[DeitaHandler]]] = [
    ("/connections", ConnectionsHandler),
    ("/connections/{name}/tables", ForeignTablesHandler),
    ("/connections/{name}/sample", SampleHandler),
    ("/connections/{name}/query", ForeignQueryHandler),
]
