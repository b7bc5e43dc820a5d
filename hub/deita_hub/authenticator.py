"""Signing in by a one-time link: `/hub/sign-in?token=…`.

There are no passwords. The first link is printed by `deita up`, further ones by `deita user link`; who can run these
on the machine is its owner. A link works once and for a limited time; only its hash is stored.
"""

from __future__ import annotations

from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.handlers.base import BaseHandler

from deita_hub import isolation
from deita_hub.addresses import HOME
from deita_hub.attempts import Attempts
from deita_hub.catalog import people
from deita_hub.names import DASHBOARDS, NameRefusedError, check_person, check_slug, is_dashboard_user
from deita_hub.place import KEY, Place


class LinkAuthenticator(Authenticator):
    """Lets in whoever brings the token of a link that is unused and not expired."""

    def get_handlers(self, app: Any) -> list[tuple[str, type[BaseHandler]]]:
        """The page that takes a link and the page that says how to get one."""
        return [("/sign-in", SignInHandler), ("/login", SignInHelpHandler)]

    async def authenticate(self, handler: BaseHandler, data: dict[str, str]) -> str | None:
        """The person whose link this was, None if the link is unknown, used or expired."""
        place: Place = handler.settings[KEY]
        name = await place.write(lambda session: people.use_link(session, data["token"]))
        if name is None or not isolation.admits(name, place.settings):
            return None
        return name

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


class SignInHandler(BaseHandler):
    """Takes a one-time link."""

    attempts = Attempts()

    async def get(self) -> None:
        """Consume the link and go home; an old link is no trouble for somebody who is already signed in."""
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        address = self.request.remote_ip or ""
        wait = self.attempts.wait_for(address)
        if wait:
            self.set_header("Retry-After", str(wait))
            await self._refuse(429, "Too many attempts. Try again in a minute.")
            return
        token = self.get_query_argument("token", "")
        user = await self.login_user({"username": "link", "token": token}) if 20 <= len(token) <= 100 else None
        if user is not None or self.current_user is not None:
            self.redirect(home_or_next(self))
            return
        self.attempts.failed(address)
        await self._refuse(403, "This sign-in link was already used, or it has expired.")

    async def _refuse(self, status: int, message: str) -> None:
        self.set_status(status)
        self.finish(await self.render_template("login.html", problem=message))


class SignInHelpHandler(BaseHandler):
    """What somebody sees who is not signed in and brings no link."""

    async def get(self) -> None:
        """Say how to get a link."""
        if self.current_user is not None:
            self.redirect(home_or_next(self))
            return
        self.finish(await self.render_template("login.html", problem=""))


def home_or_next(handler: BaseHandler) -> str:
    """Where to go after signing in: `next` if it is a path on this host, else the home page."""
    wanted = handler._validate_next_url(handler.get_query_argument("next", ""))
    if wanted.startswith("/") and not wanted.startswith("//"):
        return wanted
    return HOME
