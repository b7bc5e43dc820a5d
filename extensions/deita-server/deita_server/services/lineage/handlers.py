"""Handler of lineage, below `/tables/{name}`."""

from __future__ import annotations

from deita_server.base import DeitaHandler


class LineageHandler(DeitaHandler):
    """What a table version comes from and what comes from it."""

    async def get(self, name: str) -> None:
        """Send both as one graph."""
        await self.dataplane.storing()
        from .models import LineageQuery

        query = self.read_query(LineageQuery)
        found = await self.dataplane.lineage.of(name, query.version, query.depth)
        self.answer(found.model_dump_json(by_alias=True).encode())


ROUTES: list[tuple[str, type[DeitaHandler]]] = [("/tables/{name}/lineage", LineageHandler)]
