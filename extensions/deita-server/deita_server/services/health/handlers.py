"""Handlers for whoever watches: they answer from what is in memory, and neither import nor start anything."""

from __future__ import annotations

import hmac

from prometheus_client.exposition import choose_encoder

from deita_server import __version__
from deita_server.base import DeitaHandler
from deita_server.errors import DeitaError


class HealthHandler(DeitaHandler):
    """This server's health."""

    _track_activity = False

    async def get(self) -> None:
        """Send the server's and the engine's state."""
        status = self.dataplane.engine_status()
        engine = {name: status[name] for name in ("state", "running", "waiting", "restarts")}
        self.answer({"status": "ok", "version": __version__, "engine": engine})


class ProbeHandler(DeitaHandler):
    """Base of what anybody may ask: it says nothing of the workspace."""

    _track_activity = False

    async def prepare(self) -> None:
        """Let everybody in who names this server."""
        if not self.check_host():
            raise DeitaError("forbidden", "This server does not answer to that host name.")


class LiveHandler(ProbeHandler):
    """Whether the server lives."""

    async def get(self) -> None:
        """Say so."""
        self.answer({"status": "ok"})


class ReadyHandler(ProbeHandler):
    """Whether the server can work."""

    async def get(self) -> None:
        """Send what each part says; 503 when one does not answer."""
        answers = await self.dataplane.readiness.look()
        checks = {name: {"ok": each.fine, "ms": round(each.seconds * 1000, 1)} for name, each in answers.items()}
        failing = [name for name, each in answers.items() if not each.fine]
        if failing:
            details = {"failing": failing, "checks": checks}
            raise DeitaError("unhealthy", f"Not answering: {', '.join(failing)}.", details=details)
        self.answer({"status": "ok", "checks": checks})


class MetricsHandler(DeitaHandler):
    """The server's figures: for Prometheus with the token that was made for them, and for whoever works here."""

    _track_activity = False

    async def prepare(self) -> None:
        """Let in who has that token; what viewers do is no other viewer's business."""
        if self._is_watcher():
            return
        await super().prepare()
        if self.dataplane.settings.is_shared:
            raise DeitaError("forbidden", "The figures of this server are not for viewers.")

    def _is_watcher(self) -> bool:
        known = self.dataplane.settings.metrics_token
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        fits = hmac.compare_digest(token.strip().encode(), known.encode())
        return bool(known) and scheme.lower() in ("bearer", "token") and fits

    async def get(self) -> None:
        """Send the figures, as Prometheus or OpenMetrics text."""
        self.dataplane.metrics.looked_up.kernels = self.settings.get("deita_kernels", {})
        encode, media_type = choose_encoder(self.request.headers.get("Accept", ""))
        self.finish(encode(self.dataplane.metrics.registry), set_content_type=media_type)


ROUTES: list[tuple[str, type[DeitaHandler]]] = [
    ("/health", HealthHandler),
    ("/livez", LiveHandler),
    ("/readyz", ReadyHandler),
    ("/metrics", MetricsHandler),
]
