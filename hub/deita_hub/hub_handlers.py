"""What the hub answers for servers that do not run, and its few pages of our own.

The proxy sends `/user/…` to the hub while there is no server behind it. JupyterHub answers those only for GET and in
its own shape, so these handlers stand before its own: programs get our error shape for every method, people the page
that opens their workspace.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable
from typing import Any
from urllib.parse import quote, urlsplit

from jupyterhub.apihandlers.auth import OAuthAuthorizeHandler
from jupyterhub.handlers.base import BaseHandler
from tornado import web

from deita_hub import tracing
from deita_hub.addresses import API, HOME
from deita_hub.names import is_dashboard_user
from deita_hub.place import KEY, Place

SERVER_PATH = re.compile(r"/(?:hub/)?user/([^/]+)/([^/]+)(/.*)?")
DATA_PLANE = "/deita/api/"
RETRY_SECONDS = 2
SMALL_BODY = 1 << 20
"""Bodies of at most these many bytes are read before the answer, so that the proxy can go on using the connection."""


def error_body(code: str, message: str, hint: str | None, details: dict[str, Any], request_id: str) -> str:
    """The one error shape of both planes, as JSON."""
    body = {"code": code, "message": message, "hint": hint, "details": details, "request_id": request_id}
    return json.dumps(body)


def stopped_body(place: Place, slug: str, request_id: str) -> str:
    """What a program is told that reached a server which does not run."""
    start = f"{place.settings.public_url}{API}/workspaces/{quote(slug)}/start"
    return error_body(
        "server_stopped",
        "This workspace's server does not run.",
        "POST to details.start, wait until the workspace's server.state is ready, then try again.",
        {"start": start},
        request_id,
    )


@web.stream_request_body
class StoppedServerHandler(web.RequestHandler):
    """Any request to a server that does not run; a large body is not waited for."""

    def check_xsrf_cookie(self) -> None:
        """Nothing is done here, so nothing has to be protected, and a program has no cookie to show."""

    def prepare(self) -> None:
        """Answer at once what would take long to read, and close: what is under way behind it cannot be reused."""
        if self.request.connection is not None:
            self.request.connection.set_max_body_size(1 << 50)  # type: ignore[attr-defined]
        length = self.request.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.request.headers or int(length) > SMALL_BODY:
            self.set_header("Connection", "close")
            self._answer()

    def _answer(self, *_: str | None) -> None:
        """Send people to the page that opens the workspace, programs our 503."""
        found = SERVER_PATH.fullmatch(self.request.path)
        person, slug, rest = found.groups("") if found else ("", "", "")
        if self._is_page(rest):
            wanted = f"/user/{person}/{slug}{rest}"
            if self.request.query:
                wanted += f"?{self.request.query}"
            after = "" if rest.startswith("/oauth_callback") else f"?next={quote(wanted, safe='')}"
            self.redirect(f"{HOME}open/{quote(slug)}{after}")
            return
        request_id = tracing.request_id()
        self.set_status(503)
        self.set_header("Content-Type", "application/json")
        self.set_header("Retry-After", str(RETRY_SECONDS))
        self.set_header("X-Request-Id", request_id)
        self.finish(stopped_body(self.settings[KEY], slug, request_id))

    get = head = post = put = patch = delete = options = _answer

    def _is_page(self, rest: str) -> bool:
        wants_page = "text/html" in self.request.headers.get("Accept", "")
        return self.request.method == "GET" and wants_page and not rest.startswith(DATA_PLANE)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Let a body pass by."""
        return None


class HomeHandler(web.RequestHandler):
    """JupyterHub's own home and spawn pages: Deita's home page stands in for them."""

    def get(self, *_: str) -> None:
        """Go home, or to the page that opens the workspace that was named."""
        found = re.search(r"/spawn(?:-pending)?/[^/]+/([^/]+)$", self.request.path)
        self.redirect(f"{HOME}open/{quote(found.group(1))}" if found else HOME)


class HomeOriginHandler(web.RequestHandler):
    """A page of the hub or the control plane that was looked for at a person's own origin."""

    def get(self) -> None:
        """Go to the same page where it is."""
        place: Place = self.settings[KEY]
        self.redirect(f"{place.settings.public_url}{self.request.uri}")


class AuthorizeHandler(OAuthAuthorizeHandler):
    """Where a browser says to the hub that it enters a server."""

    def needs_oauth_confirm(self, user: Any, oauth_client: Any, requested_scopes: Any) -> bool:
        """Ask nobody whether they trust the dashboard server: it is Deita's, as their own server is theirs."""
        if oauth_client.spawner is not None and is_dashboard_user(oauth_client.spawner.user.name):
            return False
        return bool(super().needs_oauth_confirm(user, oauth_client, requested_scopes))


class ProxyErrorHandler(BaseHandler):
    """What the proxy shows when nothing answers behind a route: the hub renders it, the proxy keeps the status."""

    async def get(self, status: str) -> None:
        """Our error shape for both planes' APIs, a page for everything else."""
        path = urlsplit(self.get_query_argument("url", "/")).path
        found = SERVER_PATH.fullmatch(path)
        slug = found.group(2) if found else ""
        request_id = tracing.request_id()
        if slug and DATA_PLANE in path:
            self._json(stopped_body(self.settings[KEY], slug, request_id))
        elif path.startswith(API):
            hint = "Try again in a few seconds."
            self._json(error_body("unavailable", "The control plane does not answer.", hint, {}, request_id))
        else:
            reopen = f"{HOME}open/{quote(slug)}" if slug else ""
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.finish(await self.render_template("unreachable.html", status_code=int(status), reopen=reopen))

    def _json(self, body: str) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(body)
