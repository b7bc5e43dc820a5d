"""Handlers of `/imports`."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from tornado.iostream import StreamClosedError

from deita_server import roles
from deita_server.base import DeitaHandler
from deita_server.idempotency import id_of

if TYPE_CHECKING:
    from .models import Reading

SCHEMA_TYPE = "application/schema+json"
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}


class ImportsHandler(DeitaHandler):
    """All imports."""

    actions: ClassVar[dict[str, roles.Action]] = {"GET": "raw"}

    async def get(self) -> None:
        """List the imports, newest first."""
        await self.dataplane.importing()
        from .models import ListQuery

        query = self.read_query(ListQuery)
        self.answer(await self.dataplane.imports.list(query.cursor, query.limit))

    async def post(self) -> None:
        """Begin to turn a file into a table."""
        await self.dataplane.importing()
        from .models import NewImport

        imports, new = self.dataplane.imports, self.read_body(NewImport)
        key = self.request.headers.get("Idempotency-Key", "")
        wanted = str(id_of(key) if key else uuid.uuid4())
        start = partial(imports.start, new, self.request_id, wanted)
        import_id = await imports.idempotency.once(key, self.request.body, start)
        self.set_header("Location", f"{self.request.path.rstrip('/')}/{import_id}")
        self.answer(await imports.get(import_id), 202)


class PreviewHandler(DeitaHandler):
    """How a file would be read."""

    actions: ClassVar[dict[str, roles.Action]] = {"POST": "raw"}
    _looking: asyncio.Task[Reading] | None = None

    async def post(self) -> None:
        """Look at a file and keep nothing."""
        await self.dataplane.importing()
        from .models import NewPreview

        wanted = self.read_body(NewPreview)
        looking = self.dataplane.previews.ask(wanted.file, wanted.sha256, wanted.recipe)
        self._looking = asyncio.get_running_loop().create_task(looking)
        await asyncio.wait((self._looking,))
        if not self._looking.cancelled():
            self.answer(self._looking.result())

    def on_connection_close(self) -> None:
        """Stop looking when nobody waits for it any more."""
        super().on_connection_close()
        if self._looking:
            self._looking.cancel()


class RecipeSchemaHandler(DeitaHandler):
    """What a recipe may say."""

    async def get(self) -> None:
        """Send the JSON Schema of recipes."""
        from .recipes import recipe_schema

        self.set_status(200)
        self.finish(await asyncio.to_thread(recipe_schema), set_content_type=SCHEMA_TYPE)


class ImportHandler(DeitaHandler):
    """One import."""

    actions: ClassVar[dict[str, roles.Action]] = {"GET": "raw"}

    async def get(self, id: str) -> None:
        """Send the import, after waiting for its end if asked to."""
        await self.dataplane.importing()
        from .models import WaitQuery

        wait = min(self.read_query(WaitQuery).wait_ms, self.dataplane.limits.max_wait_ms)
        self.answer(await self.dataplane.imports.get(id, wait / 1000))

    async def delete(self, id: str) -> None:
        """Cancel the import and answer when it is over."""
        await self.dataplane.importing()
        self.answer(await self.dataplane.imports.cancel(id))


class ConfirmHandler(DeitaHandler):
    """An import that waits for somebody to look at it."""

    async def post(self, id: str) -> None:
        """Go on, perhaps with another recipe."""
        await self.dataplane.importing()
        from .models import Confirmation

        confirmation = self.read_body(Confirmation)
        self.answer(await self.dataplane.imports.confirm(id, confirmation.recipe, self.request_id), 202)


class RejectsHandler(DeitaHandler):
    """The rows of a file that did not fit."""

    actions: ClassVar[dict[str, roles.Action]] = {"GET": "raw"}

    async def get(self, id: str) -> None:
        """List them in the file's order, or send them all as a file."""
        await self.dataplane.importing()
        from .models import RejectsQuery

        query, imports = self.read_query(RejectsQuery), self.dataplane.imports
        if query.format is None:
            self.answer(await imports.rejects(id, query.cursor, query.limit))
            return
        name, blocks = await imports.all_rejects(id, query.format, raw=query.raw)
        media_type = MEDIA_TYPES[query.format]
        self.set_header("Content-Type", media_type)
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name, safe='')}")
        if await self._send(blocks):
            self.finish(set_content_type=media_type)

    async def _send(self, blocks: AsyncIterator[bytes]) -> bool:
        try:
            async for block in blocks:
                self.write(block)
                await self.flush()
        except StreamClosedError:
            return False  # the client left; there is nobody to tell
        return True


ROUTES: list[tuple[str, type[DeitaHandler]]] = [
    ("/imports", ImportsHandler),
    ("/imports/preview", PreviewHandler),
    ("/imports/recipe-schema", RecipeSchemaHandler),
    ("/imports/{id}", ImportHandler),
    ("/imports/{id}/confirm", ConfirmHandler),
    ("/imports/{id}/rejects", RejectsHandler),
]
