"""A page's kernel belongs to who opened the page: everybody else is refused, on every address that names it.

On a person's own server that is one person. On a dashboard server it is what keeps viewers apart, and there a page's
connection ends, too, when its viewer is no longer one: who may enter is asked again every few seconds.
"""

from __future__ import annotations

from logging import Logger
from typing import TYPE_CHECKING, Any

from jupyter_server.services.kernels.handlers import KernelHandler
from tornado import web
from tornado.ioloop import PeriodicCallback
from voila.request_info_handler import RequestInfoSocketHandler
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

if TYPE_CHECKING:
    from .kernels import AppKernels

LEAVE = 1008  # "policy violation", which is what RFC 6455 has for this
PROXIED = "X-Forwarded-For"
# Where jupyter-server's and JupyterHub's identity providers keep what they found out about a request.
_REMEMBERED = ("_jupyterhub_user", "_cached_hub_user")


class OfOnePerson:
    """Mixed into handlers below `…/<kernel_id>`: another person's kernel is 403."""

    kernel_manager: AppKernels
    current_user: Any
    path_kwargs: dict[str, str]

    async def prepare(self, *arguments: Any, **options: Any) -> None:
        """Compare who opened the kernel's page with who asks, once that is known."""
        await super().prepare(*arguments, **options)  # type: ignore[misc]
        if self.current_user is None:
            return  # refused, or sent to sign in, by the handler itself
        kernel_id = self.path_kwargs["kernel_id"]
        opened_by = self.kernel_manager.house.tokens.person_of(kernel_id)
        if kernel_id in self.kernel_manager and opened_by != self.current_user.username:
            raise web.HTTPError(403, "This kernel is behind somebody else's page.")


class OwnKernel(OfOnePerson, KernelHandler):
    """A kernel's state and its end."""


class OwnShutdown(OfOnePerson, VoilaShutdownKernelHandler):
    """What a page sends when it goes."""


class OwnChannels(OfOnePerson, VoilaKernelWebsocketHandler):
    """A page's connection to its kernel."""

    async def open(self, kernel_id: str) -> None:
        """Connect, and from now on be asked again who this is."""
        await super().open(kernel_id)
        self.settings["page_guard"].add(self)

    def on_close(self) -> None:
        """Disconnect."""
        self.settings["page_guard"].discard(self)
        super().on_close()


class RequestInfo(RequestInfoSocketHandler):
    """Where a warm kernel waits for what its page was asked with: for kernels, not through the proxy."""

    def prepare(self) -> None:
        """Refuse what the proxy passes on: kernels come directly."""
        if PROXIED in self.request.headers:
            raise web.HTTPError(403)


class PageGuard:
    """The open connections of pages; those of people who may no longer enter are closed within `seconds`."""

    def __init__(self, seconds: float, log: Logger) -> None:
        self._open: set[OwnChannels] = set()
        self._log = log
        self._timer = PeriodicCallback(self._look, seconds * 1000)

    def start(self) -> None:
        """Begin to look."""
        self._timer.start()

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()

    def add(self, channels: OwnChannels) -> None:
        """Take in a connection that was opened."""
        self._open.add(channels)

    def discard(self, channels: OwnChannels) -> None:
        """Forget a connection that was closed."""
        self._open.discard(channels)

    async def _look(self) -> None:
        for channels in list(self._open):
            if not await self._may_stay(channels):
                channels.close(LEAVE, "You may no longer look at this.")

    async def _may_stay(self, channels: OwnChannels) -> bool:
        for name in _REMEMBERED:
            channels.__dict__.pop(name, None)
        try:
            return await channels.identity_provider.get_user(channels) is not None
        except (TimeoutError, web.HTTPError, OSError) as error:
            self._log.warning("The hub could not say who looks at a page: %s", error)
            return True  # the hub is away; whoever was let in stays until it is back
