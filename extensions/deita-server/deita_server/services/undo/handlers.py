"""Handler of undo, below `/queries/{id}`."""

from __future__ import annotations

from deita_server.base import DeitaHandler


class UndoHandler(DeitaHandler):
    """Taking a statement back."""

    async def post(self, id: str) -> None:
        """Bring the table back to what it was and send it."""
        await self.dataplane.storing()
        self.answer(await self.dataplane.undo.run(id))


ROUTES: list[tuple[str, type[DeitaHandler]]] = [("/queries/{id}/undo", UndoHandler)]
