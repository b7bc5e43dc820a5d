"""The workspace server as one application: JupyterHub's single-user server around the data plane, apps and kernels.

Everything is configured here, in code; no configuration file of the machine or the person is read. JupyterLab and
Voila are loaded when first asked for, which is what keeps an idle server small and its start short.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .lean import JupyterHubAuthorizer, JupyterHubSingleUser  # isort: skip  # first: it keeps the hub's modules out

from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from traitlets import List, Unicode, default
from traitlets.config import Config

from deita_server.apps.mount import Apps
from deita_server.contents.manager import BucketContents, WorkspaceContents
from deita_server.kernels.environment import KernelEnvironment
from deita_server.kernels.ipc import KernelSockets
from deita_server.kernels.manager import KernelHouse, WorkspaceKernels
from deita_server.kernels.specs import WorkspaceKernelSpecs
from deita_server.kernels.tokens import KernelTokens
from deita_server.lab import LabOnDemand
from deita_server.logs import Logging, Requests, follow, without_cells
from deita_server.settings import Settings

from . import doors, folders
from .identity import DATA_PLANE, WorkspaceIdentity
from .landing import LANDING, LandingHandler

NAME = "deita-workspace"


def configuration(settings: Settings, root: Path) -> Config:
    """Return what jupyter-server and JupyterHub's part of it are told; `root` is where kernels start."""
    config = Config()
    config.HubOAuth.cache_max_age = 10
    config.ServerApp.update(
        root_dir=str(root),
        contents_manager_class=BucketContents if settings.remote else WorkspaceContents,
        kernel_manager_class=WorkspaceKernels,
        kernel_spec_manager_class=WorkspaceKernelSpecs,
        authorizer_class=JupyterHubAuthorizer,
        allow_unauthenticated_access=False,
        terminals_enabled=False,
        reraise_server_extension_failures=True,  # a server without its data plane must not look alive
        allow_root=True,  # as whom a server runs is the spawner's choice
        cookie_secret_file=str(folders.personal(settings, "jupyter") / "cookie_secret"),
        tornado_settings={
            "log_function": Requests(settings.log_format),
            "xsrf_cookie_kwargs": {"secure": settings.public_url.startswith("https://")},
        },
    )
    return config


class WorkspaceServerApp(Logging, ServerApp):
    """jupyter-server without configuration files, without files that name its token, with our kernels."""

    name = "deita-server"
    house: KernelHouse
    is_shared = False
    """Whether more people than one may look."""

    def load_config_file(self, suppress_errors: bool = True) -> None:
        """Read none."""

    def init_configurables(self) -> None:
        """Give the kernel manager and the identity provider the tokens that they share."""
        settings = Settings.from_environment()
        self.house = KernelHouse(
            KernelTokens(),
            KernelSockets(),
            KernelEnvironment(
                api=f"http://127.0.0.1:{self.port}" + url_path_join(self.base_url, DATA_PLANE.rstrip("/")),
                workspace=settings.slug,
                spool=None if self.is_shared else settings.spool,
                profile=folders.personal(settings, "ipython"),
                egress=settings.egress,
                files=settings.names if settings.mount else None,
                notebooks=None if self.is_shared else folders.opened_notebooks(settings),
            ),
            apart=self.is_shared,
        )
        self.runtime_dir = str(self.house.sockets.folder)
        super().init_configurables()
        self.kernel_manager.house = self.house
        self.identity_provider.kernel_tokens = self.house.tokens
        self.identity_provider.person = settings.person

    def init_webapp(self) -> None:
        """Know each request by its id."""
        super().init_webapp()
        follow(self.web_app)
        for handler in self.log.handlers:
            handler.addFilter(without_cells)

    def _bind_http_server(self) -> None:
        """Listen; in a sandbox without a network also at the socket that the hub handed in."""
        super()._bind_http_server()
        settings = Settings.from_environment()
        if settings.listener is not None:
            self.http_server.add_socket(doors.handed(settings.listener))
        if settings.doors is not None and settings.egress:
            port = urlsplit(settings.egress).port or 0
            self.way_out = doors.WayOut(settings.doors / str(port))
            self.way_out.listen(port, "127.0.0.1")

    def start(self) -> None:
        """Serve. What the start allocated lives as long as the process: the collector need not look at it again."""
        gc.freeze()
        gc.enable()
        super().start()

    def write_server_info_file(self) -> None:
        """Write none: it would hold the hub's token."""

    def write_browser_open_files(self) -> None:
        """Write none: it would hold the hub's token."""


class WorkspaceServer(Logging, JupyterHubSingleUser):
    """What `python -m deita_server` runs."""

    name = app_namespace = NAME
    load_other_extensions = False
    serverapp_class = WorkspaceServerApp

    app_folders = List(Unicode(), help="Folders with apps (`<name>.ipynb`) that come before the installed ones.").tag(
        config=True
    )

    @default("default_url")
    def get_default_url(self) -> str:
        """Lead to Explore."""
        return "/" + LANDING

    @classmethod
    def get_extension_package(cls) -> str:
        """Name this module: the package itself is the data plane's extension."""
        return cls.__module__

    @classmethod
    def make_serverapp(cls, **kwargs: Any) -> Any:
        """Build the server around the data plane and this extension."""
        kwargs["jpserver_extensions"] = {cls.get_extension_package(): True, "deita_server": True}
        kwargs["config"] = cls.server_configuration()
        return super().make_serverapp(**kwargs)

    @classmethod
    def server_configuration(cls) -> Config:
        """Return what jupyter-server is told."""
        settings = Settings.from_environment()
        return configuration(settings, folders.notebooks(settings))

    def load_config_file(self) -> None:
        """Take JupyterHub's settings from its environment, then what is ours."""
        super().load_config_file()
        self.config.ServerApp.identity_provider_class = WorkspaceIdentity
        self.serverapp.update_config(self.config)

    def initialize_handlers(self) -> None:
        """Add the doors to what is loaded when it is asked for."""
        self.apps = Apps(self.serverapp, [Path(folder) for folder in self.app_folders])
        self.apps.attach()
        self.serverapp.web_app.settings["deita_kernels"] = {
            "notebook": lambda: len(self.serverapp.kernel_manager.list_kernel_ids()),
            "app": lambda: self.apps.kernels,
        }
        self.handlers.extend(self.doors())

    def doors(self) -> list[tuple[Any, ...]]:
        """Lead to the apps and to JupyterLab."""
        return [*self.app_doors(), *LabOnDemand(self.serverapp).gates()]

    def app_doors(self) -> list[tuple[Any, ...]]:
        """Lead to the apps, the server's own address first."""
        return [("/?", LandingHandler, {"apps": self.apps}), self.apps.gate()]

    async def check_hub_version(self) -> None:
        """Ask nothing before listening: hub and server are installed together, from one lock file."""

    def _log_app_versions(self) -> None:
        """Say nothing: the log's first line names the workspace."""

    async def stop_extension(self) -> None:
        """End the apps' kernels, then what JupyterHub's part started."""
        await self.apps.close()
        await super().stop_extension()


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": __name__, "app": WorkspaceServer}]
