"""Signing in by a one-time link: `/hub/sign-in?token=…`.

There are no passwords. The first link is printed by `deita up`, further ones by `deita user link`; who can run these
on the machine is its owner. A link works once and for a limited time; only its hash is stored. Links go on working
beside a provider: they are the way in when it is away.
"""

from __future__ import annotations

from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.handlers.base import BaseHandler

from deita_hub import isolation
from deita_hub.addresses import HOME, SESSION_COOKIE
from deita_hub.attempts import Attempts
from deita_hub.catalog import people
from deita_hub.names import DASHBOARDS, NameRefusedError, check_person, check_slug, is_dashboard_user
from deita_hub.place import KEY, Place

Handlers = list[tuple[str, type[BaseHandler]]]


class LinkAuthenticator(Authenticator):
    """Lets in whoever brings the token of a link that is unused and not expired."""

    def get_handlers(self, app: Any) -> Handlers:
        """The page that takes a link and the page that says how to get one."""
        return [("/sign-in", LinkHandler), ("/login", SignInHandler)]

    async def authenticate(self, handler: BaseHandler, data: dict[str, str] | None = None, **more: Any) -> str | None:
        """The person whose link this was, None if the link is unknown, used or expired."""
        place: Place = handler.settings[KEY]
        token = (data or {}).get("token", "")
        name = await place.write(lambda session: people.use_link(session, token))
        return name if name is not None and isolation.admits(name, place.settings) else None

    def validate_username(self, username: str) -> bool:
        """The hub's users are Deita's people and, never signing in, the owners of dashboard servers."""
        try:
            if is_dashboard_user(username):
                check_slug(username.removeprefix(DASHBOARDS))
            else:
                check_person(username)
        except NameRefusedError:
            return False
        return True


class LinkHandler(BaseHandler):
    """Takes a one-time link."""

    attempts = Attempts()

    async def get(self) -> None:
        """Consume the link and go home; an old link is no trouble for somebody who is already signed in."""
        private(self)
        address = self.request.remote_ip or ""
        wait = self.attempts.wait_for(address)
        if wait:
            self.set_header("Retry-After", str(wait))
            await self._refuse(429, "Too many attempts. Try again in a minute.")
            return
        token = self.get_query_argument("token", "")
        user = await self.login_user({"username": "link", "token": token}) if 20 <= len(token) <= 100 else None
        if user is not None:
            forget_session(self)
        if user is not None or self.current_user is not None:
            self.redirect(home_or_next(self))
            return
        self.attempts.failed(address)
        await self._refuse(403, "This sign-in link was already used, or it has expired.")

    async def _refuse(self, status: int, message: str) -> None:
        self.set_status(status)
        self.finish(await self.render_template("link.html", problem=message))


class SignInHandler(BaseHandler):
    """What somebody sees who is not signed in and brings no link: the way to the provider, or how to get a link."""

    async def get(self) -> None:
        """Say how to sign in."""
        if self.current_user is not None:
            self.redirect(home_or_next(self))
            return
        private(self)
        place: Place = self.settings[KEY]
        wanted = safe_next(self, self.get_query_argument("next", ""))
        page = "login.html" if place.settings.sign_in.by_provider else "link.html"
        self.finish(await self.render_template(page, problem="", provider=place.settings.sign_in.label, wanted=wanted))


def private(handler: BaseHandler) -> None:
    """Keep a page of signing in out of caches, and its address from other sites."""
    handler.set_header("Cache-Control", "no-store")
    handler.set_header("Referrer-Policy", "no-referrer")


def forget_session(handler: BaseHandler) -> None:
    """End the browser's session with the control plane, which may be that of whoever was signed in before."""
    place: Place = handler.settings[KEY]
    name, path = (f"__Host-{SESSION_COOKIE}", "/") if place.settings.origins.secure else (SESSION_COOKIE, HOME)
    handler.clear_cookie(name, path=path)


def home_or_next(handler: BaseHandler) -> str:
    """Where to go after signing in: `next` if it is a path on this host, else the home page."""
    return safe_next(handler, handler.get_query_argument("next", "")) or HOME


def safe_next(handler: BaseHandler, wanted: str) -> str:
    """The path if it is one on this host, else nothing."""
    found: str = handler._validate_next_url(wanted)
    return found if found.startswith("/") and not found.startswith("//") else ""
