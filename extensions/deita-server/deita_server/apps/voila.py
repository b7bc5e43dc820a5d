"""Voila's application, nested in the workspace server with kernels of its own.

Not taken: Voila as a server extension. It shares the server's kernel manager, so that whoever sees an app can run
code, and it ignores the pool of warm kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_server.services.config import ConfigManager
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.utils import url_path_join
from jupyterlab_server.themes_handler import ThemesHandler
from tornado.web import Application
from traitlets import Float
from traitlets.config import Config
from voila.app import Voila
from voila.configuration import VoilaConfiguration
from voila.paths import collect_template_paths
from voila.static_file_handler import AllowListFileHandler, TemplateStaticFileHandler

from deita_server.kernels.manager import KernelHouse
from deita_server.kernels.specs import WorkspaceKernelSpecs

from .files import ExtensionFiles, FrontEndFiles, assets_version, page_config
from .kernels import AppKernels
from .notebooks import AppNotebooks
from .pages import AppPage, NoSuchPage
from .viewers import OwnChannels, OwnKernel, OwnShutdown, PageGuard, RequestInfo

_KERNEL = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"
_TEMPLATE, _FALLBACK_TEMPLATE = "deita", "lab"
# From the workspace server's settings to Voila's: who may come in, and how answers look.
_SHARED = (
    "authorizer",
    "cookie_secret",
    "headers",
    "identity_provider",
    "jinja2_env",
    "log_function",
    "login_url",
    "serverapp",
    "xsrf_cookie_kwargs",
)


@dataclass(frozen=True)
class Place:
    """Where the apps are: the address below which they live, the port that their kernels call back, their folders."""

    base_url: str
    port: int
    notebooks: AppNotebooks
    start_folder: Path
    empty_folder: Path
    is_shared: bool


def _template() -> str:
    """Return our template, or Voila's where deita-apps is not installed."""
    installed = any(Path(path).name == _TEMPLATE for path in collect_template_paths(["voila"], _TEMPLATE, prune=True))
    return _TEMPLATE if installed else _FALLBACK_TEMPLATE


def _configuration() -> Config:
    config = Config()
    config.VoilaConfiguration.update(
        template=_template(),
        allow_template_override="NO",
        allow_theme_override="NO",
        preheat_kernel=True,
        file_allowlist=[r".*\.(png|jpe?g|gif|svg|webp)"],
        extension_allowlist=["@voila-dashboards/widgets-manager8", "@jupyter-widgets/jupyterlab-manager", "anywidget"],
    )
    config.VoilaExecutor.cell_error_instruction = "Reload the page to start again; the server's log has the details."
    return config


class NestedVoila(Voila):
    """Voila without its own server, command line, directory tree and template switches."""

    name = "voila"
    guard_seconds = Float(10.0, help="How often a shared server asks whether those who look may still do so.").tag(
        config=True
    )

    def __init__(self, place: Place, house: KernelHouse, shared: dict[str, Any], config: Config) -> None:
        merged = _configuration()
        merged.merge(config)
        super().__init__(config=merged, log=shared["serverapp"].log)
        self.place, self.house, self.shared = place, house, shared
        self.guard = PageGuard(self.guard_seconds, self.log)
        self.base_url = self.server_url = place.base_url
        self.port = place.port
        self.root_dir = str(next((folder for folder in place.notebooks.folders if folder.is_dir()), place.empty_folder))
        self.voila_configuration = VoilaConfiguration(parent=self)
        self.voila_configuration.page_config_hook = page_config
        self.setup_template_dirs()
        settings = self.init_settings()
        self.app = Application(self.init_handlers(), **settings)

    def init_settings(self) -> dict[str, Any]:
        """Build the managers and what handlers look up."""
        self.kernel_spec_manager = WorkspaceKernelSpecs(parent=self)
        self.config_manager = ConfigManager(parent=self)
        self.contents_manager = self.place.notebooks
        self.kernel_manager = AppKernels(
            parent=self,
            connection_dir=str(self.house.sockets.folder),
            kernel_spec_manager=self.kernel_spec_manager,
            start_folder=str(self.place.start_folder),
        )
        self.kernel_manager.house = self.house
        settings = {name: self.shared[name] for name in _SHARED if name in self.shared}
        settings.update(
            base_url=self.base_url,
            server_url=self.server_url,
            kernel_manager=self.kernel_manager,
            kernel_spec_manager=self.kernel_spec_manager,
            contents_manager=self.contents_manager,
            config_manager=self.config_manager,
            kernel_websocket_connection_class=ZMQChannelsWebsocketConnection,
            allow_remote_access=True,
            allow_unauthenticated_access=False,
            compress_response=True,
            mathjax_url="",  # Voila would fetch it from a CDN
            mathjax_config="",
            static_immutable_cache=[self._versioned("voila/static"), self._versioned("voila/labextensions")],
            voila=self,
            page_guard=self.guard,
        )
        return settings

    @property
    def running(self) -> int:
        """How many kernels run, warm ones included."""
        return len(self.kernel_manager.list_kernel_ids())

    def init_handlers(self) -> list[Any]:
        """Route what a page needs and nothing else: no directory listing, no notebook sources, no kernel actions."""
        page = {
            "notebooks": self.place.notebooks,
            "template_paths": self.template_paths,
            "config": self.config,
            "voila_configuration": self.voila_configuration,
        }
        pictures = {
            "allowlist": self.voila_configuration.file_allowlist,
            "denylist": self.voila_configuration.file_denylist,
            "path": self.root_dir,
        }
        themes = {"themes_url": "/voila/api/themes", "path": self.themes_dir, "no_cache_paths": ["/"]}
        routes: list[tuple[Any, ...]] = [
            (rf"api/kernels/{_KERNEL}", OwnKernel),
            (rf"api/kernels/{_KERNEL}/channels", OwnChannels),
            (rf"voila/query/{_KERNEL}", RequestInfo),
            (rf"voila/api/shutdown/{_KERNEL}", OwnShutdown),
            (r"voila/api/themes/(.*)", ThemesHandler, themes),
            (r"voila/templates/(.*)", TemplateStaticFileHandler),
            (r"voila/static/[^/]+/(.*)", FrontEndFiles, {"path": self.static_paths}),
            (r"voila/labextensions/[^/]+/(.*)", ExtensionFiles, {"path": self.labextensions_path}),
            (r"voila/files/(.*)", AllowListFileHandler, pictures),
            (r"([a-z0-9][a-z0-9_-]{0,63})/?", AppPage, page),
            (r".*", NoSuchPage),
        ]
        return [(self.base_url + pattern, *rest) for pattern, *rest in routes]

    def warm(self) -> None:
        """Start a kernel for every app that has none waiting."""
        if self.place.is_shared:
            self.guard.start()
        for name in self.place.notebooks.names():
            self.kernel_manager.warm(name + ".ipynb")

    async def close(self) -> None:
        """End the apps' kernels."""
        self.guard.stop()
        await self.kernel_manager.shutdown_all()

    def _versioned(self, path: str) -> str:
        return url_path_join(self.base_url, path, assets_version())
