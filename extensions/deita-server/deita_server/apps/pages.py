"""The page of an app, and what it says when it cannot be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_server.base.handlers import JupyterHandler
from tornado.web import HTTPError, authenticated
from voila.tornado.handler import TornadoVoilaHandler

from .refusal import render

if TYPE_CHECKING:
    from .kernels import AppKernels
    from .notebooks import AppNotebooks


class PlainErrors(JupyterHandler):
    """Errors as a small page in plain words."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say what happened and what to do; never why in the program's terms."""
        self.set_header("Content-Type", "text/html; charset=utf-8")
        if status_code == 503:
            self.set_header("Retry-After", "30")
        self.finish(render(status_code))


class AppPage(PlainErrors, TornadoVoilaHandler):
    """`apps/<name>`."""

    notebooks: AppNotebooks
    kernel_manager: AppKernels

    def initialize(self, notebooks: AppNotebooks, **voila: Any) -> None:
        """Take the apps that exist beside what Voila needs."""
        self.notebooks = notebooks
        super().initialize(**voila)

    @authenticated
    async def get(self, name: str) -> None:
        """Show the app in a warm kernel if there is one, in a new one otherwise."""
        path = name + ".ipynb"
        if self.notebooks.find(path) is None:
            raise HTTPError(404)
        self.xsrf_token  # noqa: B018  # reading it sets the cookie that the page's JavaScript sends back
        await self.kernel_manager.prune(path)
        with self.kernel_manager.rendering(self.current_user.username):
            await super().get(path)
        self.kernel_manager.warm(path)


class NoSuchPage(PlainErrors):
    """Whatever else is below `apps/`."""

    @authenticated
    async def get(self) -> None:
        """There is nothing here."""
        raise HTTPError(404)
