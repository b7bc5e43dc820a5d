"""JupyterLab, loaded when somebody opens it: 0.4 s once, and 12 MiB that idle servers do without."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_escape, url_path_join
from tornado.web import authenticated
from traitlets.config import Config

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

PageHook = Callable[[JupyterHandler, dict[str, Any]], dict[str, Any]]
# What would call the outside world or install things, and the terminal: its shell would inherit the server's token. The
# plugin that comes with JupySQL fails in every page of JupyterLab 4.6 (a TypeError while it starts).
_DISABLED = (
    "@jupyterlab/apputils-extension:announcements",
    "@jupyterlab/extensionmanager-extension",
    "@jupyterlab/terminal-extension",
    "jupysql-plugin",
)


def configuration() -> Config:
    """Return what JupyterLab is told: no news, no look for updates, no extension manager."""
    config = Config()
    config.LabApp.update(
        news_url=None,
        check_for_updates_class="jupyterlab.handlers.announcements.NeverCheckForUpdate",
        extension_manager="readonly",
    )
    return config


class LabOnDemand:
    """Loads JupyterLab into a running server, once."""

    def __init__(self, server: ServerApp) -> None:
        self.server = server
        self._loading: asyncio.Task[None] | None = None

    def gates(self) -> list[tuple[Any, ...]]:
        """Return the routes that stand in for JupyterLab until it is loaded."""
        return [(r"/lab(?:/.*)?", LabGate, {"lab": self}), (r"/tree(/.*)?", TreeHandler)]

    async def ready(self) -> None:
        """Wait until JupyterLab answers. A load that failed is tried again by the next request."""
        if self._loading is None or (
            self._loading.done() and (self._loading.cancelled() or self._loading.exception() is not None)
        ):
            self._loading = asyncio.create_task(self._load())
        await asyncio.shield(self._loading)

    async def _load(self) -> None:
        await asyncio.to_thread(importlib.import_module, "jupyterlab.labapp")
        server = self.server
        server.update_config(configuration())
        _remove_gate(server)
        manager = server.extension_manager
        manager.add_extension("jupyterlab", enabled=True)
        manager.link_extension("jupyterlab")
        manager.load_extension("jupyterlab")
        settings = server.web_app.settings
        settings["page_config_hook"] = _trimmed(settings["page_config_hook"])


def _trimmed(hubs_hook: PageHook) -> PageHook:
    """Return JupyterHub's hook for Lab's page configuration, followed by ours; what is set earlier, files overrule."""

    def hook(handler: JupyterHandler, page: dict[str, Any]) -> dict[str, Any]:
        page = hubs_hook(handler, page)
        page["disabledExtensions"] = sorted({*page.get("disabledExtensions", ()), *_DISABLED})
        page["fullMathjaxUrl"] = ""  # the default is a CDN; Lab brings its own
        return page

    return hook


def _remove_gate(server: ServerApp) -> None:
    for host in server.web_app.default_router.rules:
        router = host.target
        if hasattr(router, "rules"):
            router.rules[:] = [rule for rule in router.rules if rule.target is not LabGate]


class LabGate(JupyterHandler):
    """`/lab` while JupyterLab is not loaded."""

    def initialize(self, lab: LabOnDemand) -> None:
        """Take what loads it."""
        self.lab = lab

    @authenticated
    async def get(self) -> None:
        """Load JupyterLab and ask again."""
        await self.lab.ready()
        self.redirect(self.request.uri or self.base_url)


class TreeHandler(JupyterHandler):
    """`/tree/<path>`, where other Jupyter front ends have their files."""

    @authenticated
    def get(self, path: str | None) -> None:
        """Redirect to the same place in JupyterLab."""
        self.redirect(url_path_join(self.base_url, "lab/tree", url_escape(path or "")))
