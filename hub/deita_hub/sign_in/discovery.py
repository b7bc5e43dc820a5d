"""Where an OpenID Connect provider has what: read from its discovery document, and only believed where it fits.

https://openid.net/specs/openid-connect-discovery-1_0.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from deita_hub.sign_in.settings import is_local

WELL_KNOWN = "/.well-known/openid-configuration"
LARGEST = 1 << 20
SECONDS = 10.0


class DiscoveryError(Exception):
    """The document cannot be used; the message says why."""


@dataclass(frozen=True)
class Endpoints:
    """The provider's addresses; `end_session` is empty where it offers no sign-out."""

    authorize: str
    token: str
    userinfo: str
    end_session: str
    basic: bool
    """Whether the client's secret goes in a header; otherwise in the body."""


def address(issuer: str) -> str:
    """Where the document is."""
    return issuer.rstrip("/") + WELL_KNOWN


def endpoints(document: object, issuer: str) -> Endpoints:
    """The addresses, all of them https. Raises `DiscoveryError`."""
    if not isinstance(document, Mapping):
        raise DiscoveryError("it is no JSON object")
    if document.get("issuer") != issuer:
        raise DiscoveryError(f"its issuer is {str(document.get('issuer'))[:200]!r}, not {issuer!r}")
    methods = document.get("token_endpoint_auth_methods_supported")
    return Endpoints(
        authorize=_url(document, "authorization_endpoint"),
        token=_url(document, "token_endpoint"),
        userinfo=_url(document, "userinfo_endpoint"),
        end_session=_url(document, "end_session_endpoint", needed=False),
        basic=not isinstance(methods, list) or "client_secret_basic" in methods,
    )


def _url(document: Mapping[str, Any], name: str, *, needed: bool = True) -> str:
    value = document.get(name)
    if value is None and not needed:
        return ""
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or not (parts.scheme == "https" or (parts.scheme == "http" and is_local(parts.hostname))):
        raise DiscoveryError(f"it names no {name} with https")
    return str(value)
