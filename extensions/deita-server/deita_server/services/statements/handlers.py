"""Handlers of statements being written, below `/queries` beside those that run."""

from __future__ import annotations

from typing import ClassVar

from deita_server import roles
from deita_server.base import DeitaHandler


class ValidateHandler(DeitaHandler):
    """What a statement would be."""

    actions: ClassVar[dict[str, roles.Action]] = {"POST": "query"}

    async def post(self) -> None:
        """Judge and bind the statement, and send what it would be."""
        await self.dataplane.querying()
        from .models import ToValidate

        wanted = self.read_body(ToValidate)
        look_back = await self.dataplane.look_back(wanted.as_of)
        self.answer(await self.dataplane.statements.validate(wanted, self.request_id, look_back))


class FormatHandler(DeitaHandler):
    """A statement laid out."""

    actions: ClassVar[dict[str, roles.Action]] = {"POST": "query"}

    async def post(self) -> None:
        """Send the statement laid out anew."""
        await self.dataplane.querying()
        from .models import ToFormat

        self.answer(await self.dataplane.statements.format(self.read_body(ToFormat).sql))


class CompleteHandler(DeitaHandler):
    """Completion of a statement being written."""

    actions: ClassVar[dict[str, roles.Action]] = {"POST": "query"}

    async def post(self) -> None:
        """Send what could stand at the cursor."""
        await self.dataplane.querying()
        from .models import ToComplete

        wanted = self.read_body(ToComplete)
        self.answer(await self.dataplane.statements.complete(wanted.sql, wanted.position))


ROUTES: list[tuple[str, type[DeitaHandler]]] = [
    ("/queries/validate", ValidateHandler),
    ("/queries/format", FormatHandler),
    ("/queries/complete", CompleteHandler),
]
