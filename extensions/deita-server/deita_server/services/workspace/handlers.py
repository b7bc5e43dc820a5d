"""Handlers of `/workspace`."""

from __future__ import annotations

from deita_server.base import DeitaHandler


class WorkspaceHandler(DeitaHandler):
    """The workspace."""

    async def get(self) -> None:
        """Send what this workspace is and what it takes."""
        await self.dataplane.storing()
        from .manager import described

        dataplane = self.dataplane
        upkeep = await dataplane.upkeep.state()
        self.answer(await described(dataplane.settings, dataplane.files, dataplane.engine, upkeep))


class UpkeepHandler(DeitaHandler):
    """Upkeep of the lake."""

    async def post(self) -> None:
        """Do what is due and send it."""
        await self.dataplane.importing()
        self.answer(await self.dataplane.upkeep.run())


ROUTES: list[tuple[str, type[DeitaHandler]]] = [
    ("/workspace", WorkspaceHandler),
    ("/workspace/upkeep", UpkeepHandler),
]
