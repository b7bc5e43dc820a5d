"""JupyterHub with our answers put before its own: `python -m deita_hub.app -f jupyterhub_config.py`."""

from __future__ import annotations

import asyncio
import logging
import re
from urllib.parse import urlsplit

from jupyterhub import metrics, orm
from jupyterhub.app import JupyterHub
from tornado.ioloop import PeriodicCallback

from deita_hub import bucket_mounts, doors, hub_probes, lifeline, log_lines, processes, secret_files, settings, tracing
from deita_hub.addresses import HOME
from deita_hub.catalog.database import Catalog
from deita_hub.catalog.postgres import make_schema
from deita_hub.database_urls import HUB
from deita_hub.hub_handlers import (
    AuthorizeHandler,
    HomeHandler,
    HomeOriginHandler,
    ProxyErrorHandler,
    StoppedServerHandler,
)
from deita_hub.place import KEY, Place
from deita_hub.settings import Settings
from deita_hub.supervisor import alone

SWEEP_MS = 30_000
"""How often is looked for mounts that no server reads any more."""


class DeitaHub(JupyterHub):
    """JupyterHub's `extra_handlers` reach only below `/hub/` and come last; ours must come first and also outside."""

    name = "jupyterhub"

    def init_tornado_settings(self) -> None:
        """Hand the place around, and watch the lifeline: a child of `deita up` ends with it, and ends the servers.

        The place cannot come through the configuration, whose values are copied.
        """
        here = settings.load()
        self.tornado_settings = dict(self.tornado_settings)  # type: ignore[has-type]  # a trait of JupyterHub
        self.tornado_settings[KEY] = Place(here, Catalog(here.database_url), secret_files.load(here).metrics_token)
        self.tornado_settings[hub_probes.KEY] = hub_probes.readiness(here)
        super().init_tornado_settings()
        if here.supervised:
            lifeline.watch(here.lifeline, lambda: _end_everything(here))
        else:
            alone.hold(here)

    def init_db(self) -> None:
        """JupyterHub's tables have a schema of their own in the catalog's database."""
        here = settings.load()
        if here.database == "postgresql":
            make_schema(here.database_url, HUB)
        super().init_db()

    async def init_api_tokens(self) -> None:
        """Of the services' tokens only those of the configuration count: JupyterHub keeps those of earlier starts."""
        await super().init_api_tokens()
        for service in self.db.query(orm.Service):
            for token in service.api_tokens:
                if not any(token.match(known) for known, name in self.service_tokens.items() if name == service.name):
                    self.db.delete(token)
        self.db.commit()

    async def start(self) -> None:
        """Serve, also where servers come in that do not reach this machine's own address."""
        for status in metrics.LoginStatus:  # a figure that is not there before the first failure cannot be watched
            metrics.LOGIN_DURATION_SECONDS.labels(status=status)
        await super().start()
        here = self.tornado_settings[KEY].settings
        for entrance in doors.entrances(here, here.ports.hub):
            self.http_server.add_socket(entrance)
        if not here.supervised:
            alone.tell(here)
        self._sweeping = PeriodicCallback(lambda: asyncio.to_thread(bucket_mounts.sweep, here), SWEEP_MS)
        self._sweeping.start()

    @property
    def _log_formatter_cls(self) -> type[log_lines.Lines]:
        """How lines of the log look; a class attribute in traitlets."""
        return log_lines.lines(settings.load().log_format)

    def init_logging(self) -> None:
        """Requests, and whatever logs beside JupyterHub, are written like its own lines."""
        log_lines.install(settings.load().log_format)
        super().init_logging()
        logging.getLogger("deita").setLevel(logging.INFO)

    def init_tornado_application(self) -> None:
        """Know each request by its id. At people's own origins the hub has no pages: they are at the home page's."""
        super().init_tornado_application()
        tracing.follow(self.tornado_application)
        here = self.tornado_settings[KEY].settings
        if here.subdomain_host:
            pages = rf"{HOME.rstrip('/')}|{self.hub_prefix}(?:logout|login|home|sign-in|oauth_login|oauth_callback)"
            people = rf".+\.{re.escape(urlsplit(here.subdomain_host).hostname or '')}"
            self.tornado_application.add_handlers(people, [(rf"(?:{pages})(?:/.*)?", HomeOriginHandler)])

    def init_handlers(self) -> None:
        """Our handlers, then all of JupyterHub's."""
        super().init_handlers()
        hub = self.hub_prefix.rstrip("/")
        pages = "home|spawn|spawn/[^/]+|spawn/[^/]+/[^/]+|spawn-pending/[^/]+|spawn-pending/[^/]+/[^/]+"
        self.handlers[:0] = [
            (rf"(?:{hub})?/user/[^/]+/[^/]+(?:/.*)?", StoppedServerHandler),
            (rf"(?:{hub})?/user/[^/]+/?", HomeHandler),
            (rf"{hub}/(?:{pages})/?", HomeHandler),
            (rf"{hub}/livez", hub_probes.LiveHandler),
            (rf"{hub}/readyz", hub_probes.ReadyHandler),
            (rf"{hub}/error/(\d+)", ProxyErrorHandler),
            (rf"{hub}/api/oauth2/authorize", AuthorizeHandler),
        ]


def _end_everything(here: Settings) -> None:
    processes.end(processes.remembered(here.servers_dir).values())
    bucket_mounts.end_all(here)


main = DeitaHub.launch_instance

if __name__ == "__main__":
    main()
