"""To the provider, back from it, and out again. What goes wrong is a page that says what to do, and is audited."""

from __future__ import annotations

from urllib.parse import urlencode

import jwt
from jupyterhub.handlers.base import BaseHandler
from jupyterhub.metrics import LOGIN_DURATION_SECONDS, LoginStatus
from oauthenticator.oauth2 import OAuthCallbackHandler, OAuthLoginHandler, OAuthLogoutHandler
from tornado import web
from tornado.httpclient import HTTPError

from deita_hub.addresses import HOME
from deita_hub.attempts import Attempts
from deita_hub.place import KEY, Place
from deita_hub.sign_in import admission
from deita_hub.sign_in.discovery import DiscoveryError
from deita_hub.sign_in.links import forget_session, private, safe_next
from deita_hub.sign_in.refusals import SignInRefusedError
from deita_hub.sign_in.settings import SignInSettings

STATE = "deita-oauth-state"
STATE_DAYS = 1 / 24
"""How long somebody may take at the provider."""


class ProviderHandler(BaseHandler):
    """What the handlers share: the settings, the state's cookie, and the page for what did not work."""

    attempts = Attempts()

    @property
    def place(self) -> Place:
        """The installation."""
        place: Place = self.settings[KEY]
        return place

    @property
    def sign_in(self) -> SignInSettings:
        """Which provider it is."""
        return self.place.settings.sign_in

    @property
    def state_name(self) -> str:
        """The cookie's name; over https no page at a person's own origin can plant one of this name."""
        return f"__Host-{STATE}" if self.place.settings.origins.secure else STATE

    def too_often(self) -> bool:
        """Whether from this address too much has failed lately."""
        return bool(self.attempts.wait_for(self.request.remote_ip or ""))

    async def refuse(self, refusal: SignInRefusedError, why: object = "") -> None:
        """Say so. What has reached the provider counts as an attempt and is audited; nothing secret is told."""
        words, label = refusal.words, self.sign_in.label
        self.log.warning("Sign-in refused: %s at %s for %r %s", refusal.code, label, refusal.username[:100], why)
        if refusal.code not in ("expired", "too_many_attempts", "provider_unavailable"):
            self.attempts.failed(self.request.remote_ip or "")
            LOGIN_DURATION_SECONDS.labels(status=LoginStatus.failure).observe(self.request.request_time())
            await self.place.write(
                lambda session: admission.refused(session, self.sign_in, refusal.code, refusal.username)
            )
        said = {
            name: getattr(words, name).format(provider=label, username=refusal.username)
            for name in ("title", "message", "todo")
        }
        private(self)
        self.set_status(words.status)
        if words.status in (429, 503):
            self.set_header("Retry-After", "60")
        self.finish(await self.render_template("refused.html", code=refusal.code, provider=label, **said))


class ProviderLoginHandler(ProviderHandler, OAuthLoginHandler):
    """Sends the browser to the provider, with a state and a challenge (PKCE) that only this browser can answer."""

    async def get(self) -> None:
        """Go there."""
        private(self)
        if self.too_often():
            await self.refuse(SignInRefusedError("too_many_attempts"))
            return
        try:
            await self.authenticator.prepare(self.sign_in)
        except (HTTPError, OSError, ValueError, DiscoveryError) as error:
            await self.refuse(SignInRefusedError("provider_unavailable"), error)
            return
        OAuthLoginHandler.get(self)

    def set_state_cookie(self, state_cookie_value: str) -> None:
        """Keep the state for an hour."""
        self._set_cookie(self.state_name, state_cookie_value, expires_days=STATE_DAYS)

    def _get_next_url(self) -> str:
        return safe_next(self, self.get_query_argument("next", ""))


class ProviderCallbackHandler(ProviderHandler, OAuthCallbackHandler):
    """Where the provider sends the browser back to."""

    _state_cookie: str | None = None

    async def get(self) -> None:
        """Let the person in, or say why not."""
        private(self)
        try:
            await self._come_in()
        except SignInRefusedError as refusal:
            if refusal.code == "expired" and self.current_user is not None:
                self.redirect(HOME)  # the browser's way back leads here
                return
            await self.refuse(refusal)
        except (HTTPError, OSError) as error:
            code = "provider_refused" if isinstance(error, HTTPError) and error.code < 500 else "provider_unavailable"
            await self.refuse(SignInRefusedError(code), type(error).__name__)
        except (web.HTTPError, ValueError, KeyError, jwt.PyJWTError, DiscoveryError) as error:
            # what the provider answered does not fit; messages may quote it, so that only their kind is told
            await self.refuse(SignInRefusedError("provider_refused"), type(error).__name__)

    async def _come_in(self) -> None:
        if self.too_often():
            raise SignInRefusedError("too_many_attempts")
        self.check_state()
        if error := self.get_query_argument("error", ""):
            raise SignInRefusedError("cancelled" if error == "access_denied" else "provider_refused")
        if not self.get_query_argument("code", ""):
            raise SignInRefusedError("expired")
        await self.authenticator.prepare(self.sign_in)
        user = await self.login_user()
        if user is None:
            raise SignInRefusedError("provider_refused")
        forget_session(self)
        self.redirect(safe_next(self, self.get_next_url(user)) or HOME)

    def get_state_cookie(self) -> str:
        """The state that this browser began with, once: it is cleared."""
        if self._state_cookie is None:
            value = self.get_secure_cookie(self.state_name, max_age_days=STATE_DAYS)
            self._state_cookie = (value or b"").decode("utf8", "replace")
            self.clear_cookie(self.state_name)
        return self._state_cookie

    def check_state(self) -> None:
        """Refuse what this browser did not begin, or began too long ago."""
        try:
            super().check_state()
        except (web.HTTPError, ValueError, AttributeError) as error:  # the last two: a state that is no state at all
            raise SignInRefusedError("expired") from error


class ProviderLogoutHandler(ProviderHandler, OAuthLogoutHandler):
    """Ends the hub's session and, where the settings say so, takes the browser to the provider to end that one."""

    async def handle_logout(self) -> None:
        """Forget a sign-in that was begun."""
        self.clear_cookie(self.state_name)

    async def render_logout_page(self) -> None:
        """Go to the provider's sign-out, or to the page from which people sign in."""
        self.redirect(await self._provider_sign_out() or self.authenticator.login_url(self.hub.base_url))

    async def _provider_sign_out(self) -> str:
        if self.sign_in.sign_out != "provider":
            return ""
        try:
            await self.authenticator.prepare(self.sign_in)
        except (HTTPError, OSError, ValueError, DiscoveryError) as error:
            self.log.warning("The provider's sign-out cannot be found: %s", error)
            return ""
        found = self.authenticator.endpoints
        if found is None or not found.end_session:
            return ""
        back = f"{self.place.settings.public_url}/hub/login"
        query = urlencode({"client_id": self.authenticator.client_id, "post_logout_redirect_uri": back})
        return f"{found.end_session}{'&' if '?' in found.end_session else '?'}{query}"
