"""The dashboard server: one per workspace, for everybody who only looks.

It is the workspace server without what runs code. Of jupyter-server no service is left (kernels, contents, files,
terminals, sessions, configuration), of ours the data plane, where a viewer may look and query, and the apps, whose
pages send widget messages and nothing else. Not taken: Voila as the single-user server. Measured it starts a page as
quickly as the nested one, but it would be a second way to sign in, to report activity and to serve the data plane.
"""

from __future__ import annotations

from typing import Any

from .application import WorkspaceServer, WorkspaceServerApp, configuration  # isort: skip  # first: see there

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.services.contents.manager import ContentsManager
from tornado import web
from traitlets import Any as AnyTrait
from traitlets.config import Config

from deita_server.settings import Settings

from . import folders

# Pages that are open at once, and how many of them one viewer may have.
MOST_KERNELS, MOST_KERNELS_EACH = 50, 6


def for_viewers(settings: Settings) -> Config:
    """Return what differs from a person's own server."""
    config = configuration(settings, folders.personal(settings, "home"))
    config.ServerApp.contents_manager_class = NoContents
    config.AppKernels.update(max_kernels=MOST_KERNELS, max_kernels_per_person=MOST_KERNELS_EACH)
    return config


class NoContents(ContentsManager):
    """No notebooks: jupyter-server wants a manager, and this one adds no address."""

    files_handler_class = AnyTrait(None, allow_none=True)


class DashboardServerApp(WorkspaceServerApp):
    """jupyter-server with none of its services."""

    name = "deita-dashboards"
    is_shared = True
    default_services = ()


class DashboardServer(WorkspaceServer):
    """What `python -m deita_server` runs for viewers."""

    serverapp_class = DashboardServerApp

    @classmethod
    def get_extension_package(cls) -> str:
        """Name this module, as the other one names its own."""
        return cls.__module__

    @classmethod
    def server_configuration(cls) -> Config:
        """Return what jupyter-server is told."""
        return for_viewers(Settings.from_environment())

    def doors(self) -> list[tuple[Any, ...]]:
        """Lead to the apps; JupyterLab is not here, nor are the server's own figures."""
        return [*self.app_doors(), (r"/metrics", Nothing)]


class Nothing(JupyterHandler):
    """An address of jupyter-server that viewers have no use for."""

    @web.authenticated
    async def get(self) -> None:
        """There is nothing here."""
        raise web.HTTPError(404)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": __name__, "app": DashboardServer}]
