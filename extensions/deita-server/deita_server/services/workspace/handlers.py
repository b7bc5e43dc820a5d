"""Handler of `/workspace`."""

from __future__ import annotations

from deita_server.base import DeitaHandler


class WorkspaceHandler(DeitaHandler):
    """The workspace."""

    async def get(self) -> None:
        """Send what this workspace is and what it takes."""
        await self.dataplane.storing()
        from .manager import described

        self.answer(await described(self.dataplane.settings, self.dataplane.files, self.dataplane.engine))


ROUTES: list[tuple[str, type[DeitaHandler]]] = [("/workspace", WorkspaceHandler)]
