"""Handlers whose body is streamed: opened in `prepare`, fed piece by piece, used by the method when it is complete.

A refusal waits for the end of the body where that is near: a client that is still sending would not see an answer.
"""

from __future__ import annotations

from deita_engine.shapes import EngineError
from tornado import web

from .base import JSON_LIMIT, DeitaHandler
from .errors import DeitaError

# How much of a refused body is read before the answer.
DRAINED = 256 * 2**20


@web.stream_request_body
class StreamedHandler(DeitaHandler):
    """Base of handlers that take bytes: they open, receive and abandon; other bodies are small and kept."""

    _refused: Exception | None = None
    _body = b""

    async def open(self) -> None:
        """Get ready for the body; what is raised here is what `accept` raises once the body is over."""

    async def receive(self, chunk: bytes) -> None:
        """Take a piece of the body: by default one of the few that a JSON object has."""
        if len(self._body) + len(chunk) > JSON_LIMIT:
            raise DeitaError("too_large", "The body of this request is too large.", details={"limit": JSON_LIMIT})
        self._body += chunk

    async def abandon(self) -> None:
        """Give up what `open` made: the sender is gone, or a piece was refused. It may be called twice."""

    async def prepare(self) -> None:
        """Let the person in and open what takes the body; a refusal waits for the end of the body."""
        try:
            await super().prepare()
            await self.dataplane.storing()
            await self.open()
        except (DeitaError, web.HTTPError) as error:
            if not self._drains():
                self.set_header("Connection", "close")  # the body stays unread
                raise
            self._refused = error

    def allow_body(self, size: int) -> None:
        """Read a body of up to `size` bytes, and what is read of one that turns out to be larger."""
        self.request.connection.set_max_body_size(size + DRAINED)

    async def data_received(self, chunk: bytes) -> None:
        """Pass a piece of the body on; after a refusal, drop it."""
        if self._refused:
            return
        try:
            await self.receive(chunk)
        except (DeitaError, EngineError) as error:
            self._refused = error
            await self.abandon()

    def on_connection_close(self) -> None:
        """Abandon what a sender who is gone had begun."""
        super().on_connection_close()
        self.dataplane.in_background(self.abandon())

    def accept(self) -> None:
        """Raise what refused the body; otherwise the method may go on."""
        if self._refused:
            raise self._refused
        self.request.body = self._body

    def declared_length(self) -> int | None:
        """Return the size that the request says its body has; None when the body is sent in chunks."""
        length = self.request.headers.get("Content-Length", "")
        return int(length) if length.isdigit() else None

    def _drains(self) -> bool:
        waits = self.request.headers.get("Expect", "").lower() == "100-continue"
        return not waits and (self.declared_length() or 0) <= DRAINED
