"""Whether the hub lives and can work, for whoever watches it; the control plane has the same at its own address."""

from __future__ import annotations

import asyncio
import json

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from tornado import web

from deita_hub import tracing
from deita_hub.hub_handlers import error_body
from deita_hub.readiness import Readiness, proxy_answers
from deita_hub.settings import Settings

KEY = "deita_readiness"
"""Under this name the hub's readiness lies in tornado's settings."""


def readiness(settings: Settings) -> Readiness:
    """What the hub needs: the database of people and servers, and the proxy, which it tells where servers are."""
    engine = create_engine(settings.hub_database_url, poolclass=NullPool)

    def select() -> bool:
        with engine.connect() as connection:
            return connection.execute(text("SELECT 1")).scalar() == 1

    async def database() -> bool:
        return await asyncio.to_thread(select)

    async def proxy() -> bool:
        return await proxy_answers(settings.origins.local)

    return Readiness({"database": database, "proxy": proxy})


class LiveHandler(web.RequestHandler):
    """200 while this process answers; no token is needed, nothing else is asked."""

    def get(self) -> None:
        """Say so."""
        self.finish({"status": "ok"})


class ReadyHandler(web.RequestHandler):
    """200 when everything that is needed answers, else 503 with what does not; no token is needed."""

    async def get(self) -> None:
        """Look, at most every other second."""
        answers = await self.settings[KEY].look()
        checks, failing = Readiness.told(answers), [name for name, each in answers.items() if not each.fine]
        self.set_header("Content-Type", "application/json")
        if not failing:
            self.finish(json.dumps({"status": "ok", "checks": checks}))
            return
        self.set_status(503)
        message, details = f"Not answering: {', '.join(failing)}.", {"failing": failing, "checks": checks}
        self.finish(error_body("unhealthy", message, None, details, tracing.request_id()))
