"""Signing in at a provider, beside the links: oauthenticator asks it, `admission` decides.

Of what the provider answers only who somebody is is looked at; its tokens are dropped, none is stored.
"""

from __future__ import annotations

import time
from typing import Any

import jwt
from jupyterhub.auth import Authenticator
from jupyterhub.handlers.base import BaseHandler
from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.github import GitHubOAuthenticator
from oauthenticator.google import GoogleOAuthenticator
from oauthenticator.oauth2 import OAuthenticator
from tornado.httpclient import AsyncHTTPClient
from traitlets import default

from deita_hub import isolation
from deita_hub.place import KEY, Place
from deita_hub.sign_in import admission, claims, discovery
from deita_hub.sign_in.claims import Who
from deita_hub.sign_in.handlers import ProviderCallbackHandler, ProviderLoginHandler, ProviderLogoutHandler
from deita_hub.sign_in.links import Handlers, LinkAuthenticator
from deita_hub.sign_in.refusals import SignInRefusedError
from deita_hub.sign_in.settings import GITHUB, GOOGLE, OIDC, SignInSettings

REQUIRED = ["iss", "sub", "aud", "exp"]
FRESH_SECONDS = 3600.0
"""How long a discovery document is believed."""


class ProviderAuthenticator(LinkAuthenticator, OAuthenticator):
    """What the three have in common: the name that the provider's answer leads to, or a refusal."""

    login_handler = ProviderLoginHandler
    callback_handler = ProviderCallbackHandler
    logout_handler = ProviderLogoutHandler

    def get_handlers(self, app: Any) -> Handlers:
        """The pages for links, and those that go to the provider and come back."""
        return [*LinkAuthenticator.get_handlers(self, app), *OAuthenticator.get_handlers(self, app)]

    def login_url(self, base_url: str) -> str:
        """Our page with the button, not at once to the provider."""
        return f"{base_url.rstrip('/')}/login"

    def check_blocked_users(self, username: str, auth_model: dict[str, Any]) -> bool:
        """As JupyterHub does it: Google's own would look for what is not kept."""
        return bool(Authenticator.check_blocked_users(self, username, auth_model))

    @default("http_client")
    def _bounded_client(self) -> AsyncHTTPClient:
        return AsyncHTTPClient(force_instance=True, max_body_size=discovery.LARGEST)

    @default("http_request_kwargs")
    def _patience(self) -> dict[str, Any]:
        return {"connect_timeout": discovery.SECONDS, "request_timeout": discovery.SECONDS, "follow_redirects": False}

    async def prepare(self, sign_in: SignInSettings) -> None:
        """Learn what has to be known of the provider before it is asked."""

    async def authenticate(self, handler: BaseHandler, data: dict[str, str] | None = None, **more: Any) -> str | None:
        """The person's name. Raises `SignInRefusedError`, and tornado's and the operating system's errors."""
        if data and "token" in data:
            return await LinkAuthenticator.authenticate(self, handler, data)
        place: Place = handler.settings[KEY]
        tokens = await self.get_token_info(handler, self.build_access_tokens_request_params(handler))
        who = await self.who(tokens, place.settings.sign_in)
        name = await place.write(lambda session: admission.admit(session, place.settings.sign_in, who))
        if not isolation.admits(name, place.settings):
            raise SignInRefusedError("trust_required", who.username)
        return name

    async def who(self, tokens: dict[str, Any], sign_in: SignInSettings) -> Who:
        """Whom these tokens are of."""
        raise NotImplementedError


class OidcAuthenticator(ProviderAuthenticator, GenericOAuthenticator):
    """Any provider that speaks OpenID Connect."""

    endpoints: discovery.Endpoints | None = None
    _until = 0.0

    async def prepare(self, sign_in: SignInSettings) -> None:
        """Read the discovery document, unless that was done lately. Raises `DiscoveryError`, and as `httpfetch`."""
        if self.endpoints is not None and time.monotonic() < self._until:
            return
        document = await self.httpfetch(discovery.address(sign_in.issuer), "reading the discovery document")
        found = discovery.endpoints(document, sign_in.issuer)
        self.authorize_url, self.token_url, self.userdata_url = found.authorize, found.token, found.userinfo
        self.basic_auth = found.basic
        self.endpoints, self._until = found, time.monotonic() + FRESH_SECONDS

    async def who(self, tokens: dict[str, Any], sign_in: SignInSettings) -> Who:
        """The userinfo, which must be of the person in the ID token.

        The token comes from the provider itself over TLS, which stands for its signature (OpenID Connect Core 3.1.3.7).
        """
        known = jwt.decode(
            tokens.get("id_token") or "",
            audience=self.client_id,
            issuer=sign_in.issuer,
            leeway=60,
            options={
                "verify_signature": False,
                "verify_aud": True,
                "verify_iss": True,
                "verify_exp": True,
                "require": REQUIRED,
            },
        )
        found = await self.token_to_user(tokens)
        if not isinstance(found, dict) or found.get("sub") != known["sub"]:
            raise ValueError("the userinfo is of somebody else than the ID token")
        return claims.from_oidc(found, sign_in)


class GitHubAuthenticator(ProviderAuthenticator, GitHubOAuthenticator):
    """GitHub, or a GitHub Enterprise Server of one's own."""

    async def who(self, tokens: dict[str, Any], sign_in: SignInSettings) -> Who:
        """The user and, where addresses matter, those that GitHub has verified."""
        found = await self.token_to_user(tokens)
        addresses: Any = []
        if sign_in.domains or any("@" in each for each in sign_in.people):
            headers = self.build_userdata_request_headers(tokens["access_token"], tokens["token_type"])
            addresses = await self.httpfetch(f"{self.github_api}/user/emails", "reading addresses", headers=headers)
        return claims.from_github(found, addresses, sign_in)


class GoogleAuthenticator(ProviderAuthenticator, GoogleOAuthenticator):
    """Google."""

    async def who(self, tokens: dict[str, Any], sign_in: SignInSettings) -> Who:
        """The account, known by its number; its name is its address."""
        return claims.from_google(await self.token_to_user(tokens), sign_in)


AUTHENTICATORS = {GITHUB: GitHubAuthenticator, GOOGLE: GoogleAuthenticator, OIDC: OidcAuthenticator}
SCOPES = {GITHUB: ["user:email"], GOOGLE: ["openid", "email"], OIDC: ["openid", "profile", "email"]}
