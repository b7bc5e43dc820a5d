"""Puts the apps into the workspace server: their files at once, Voila when the first page is asked for."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.routing import PathMatches, Rule
from tornado.web import Application, authenticated

from deita_server.kernels.specs import shared

from .files import ModuleFiles
from .notebooks import AppNotebooks

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from .voila import NestedVoila

APPS, MODULES = "apps/", "deita/static/"
# What the mounted applications take over from the server, so that the same people may come in.
_SETTINGS = (
    "allow_remote_access",
    "authorizer",
    "base_url",
    "cookie_secret",
    "headers",
    "identity_provider",
    "jinja2_env",
    "log_function",
    "login_url",
    "serverapp",
)


class Apps:
    """The apps of one server, asleep until somebody looks."""

    def __init__(self, server: ServerApp, folders: Sequence[Path] = ()) -> None:
        self.server = server
        self.notebooks = AppNotebooks([*folders, shared("apps")])
        self._waking: asyncio.Task[NestedVoila] | None = None

    def attach(self) -> None:
        """Serve the front end's modules, and open the door that wakes Voila up."""
        modules = url_path_join(self.server.base_url, MODULES)
        settings = {name: value for name, value in self.server.web_app.settings.items() if name in _SETTINGS}
        handler = (modules + r"[^/]+/(.*)", ModuleFiles, {"path": [str(shared("static"))]})
        self._route(
            modules, Application([handler], compress_response=True, static_immutable_cache=[modules], **settings)
        )

    def gate(self) -> tuple[str, type[JupyterHandler], dict[str, Any]]:
        """Return the route that stands in for the apps until they are awake."""
        return ("/" + APPS + ".*", AppsGate, {"apps": self})

    def warm(self) -> asyncio.Task[NestedVoila]:
        """Begin to wake the apps up, if nobody did."""
        if self._waking is None or (
            self._waking.done() and (self._waking.cancelled() or self._waking.exception() is not None)
        ):
            self._waking = asyncio.create_task(self._wake())
        return self._waking

    @property
    def kernels(self) -> int:
        """How many kernels run behind pages, warm ones included."""
        task = self._waking
        if task is None or not task.done() or task.cancelled() or task.exception():
            return 0
        return task.result().running

    async def ready(self) -> None:
        """Wait until the apps answer."""
        await asyncio.shield(self.warm())

    async def _wake(self) -> NestedVoila:
        module = await asyncio.to_thread(importlib.import_module, "deita_server.apps.voila")
        base_url = url_path_join(self.server.base_url, APPS)
        house = self.server.house
        place = module.Place(
            base_url,
            self.server.port,
            self.notebooks,
            Path(self.server.root_dir),
            house.sockets.folder,
            self.server.is_shared,
        )
        voila: NestedVoila = module.NestedVoila(place, house, self.server.web_app.settings, self.server.config)
        self._route(base_url, voila.app)
        voila.warm()
        return voila

    def _route(self, prefix: str, application: Application) -> None:
        self.server.web_app.default_router.rules.insert(0, Rule(PathMatches(prefix + ".*"), application))

    async def close(self) -> None:
        """End the apps' kernels, if there are any."""
        if self._waking is None:
            return
        if not self._waking.done():
            self._waking.cancel()
            return
        if not self._waking.cancelled() and self._waking.exception() is None:
            await self._waking.result().close()


class AppsGate(JupyterHandler):
    """Below `apps/` while Voila is not loaded."""

    def initialize(self, apps: Apps) -> None:
        """Take the apps to wake up."""
        self.apps = apps

    @authenticated
    async def get(self) -> None:
        """Load Voila and ask again."""
        await self.apps.ready()
        self.redirect(self.request.uri or self.base_url)
