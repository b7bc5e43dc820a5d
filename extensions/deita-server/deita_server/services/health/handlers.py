"""Handler of `/health`: it answers from what is in memory, and neither imports nor starts anything."""

from __future__ import annotations

from deita_server import __version__
from deita_server.base import DeitaHandler


class HealthHandler(DeitaHandler):
    """This server's health."""

    _track_activity = False

    async def get(self) -> None:
        """Send the server's and the engine's state."""
        status = self.dataplane.engine_status()
        engine = {name: status[name] for name in ("state", "running", "waiting", "restarts")}
        self.answer({"status": "ok", "version": __version__, "engine": engine})


ROUTES: list[tuple[str, type[DeitaHandler]]] = [("/health", HealthHandler)]
