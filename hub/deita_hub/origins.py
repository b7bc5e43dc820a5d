"""Where people reach what: the home page at one origin and, with subdomains, each person's servers at one of their own.

A page that an author made runs its scripts at the origin of the server that shows it. At an origin of its own it cannot
read what other people's servers, the home page or the hub answer to whoever opens it: the browser keeps it apart.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from deita_hub.setting_values import SettingsError

LABEL = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-))*(?<!-)")
HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")


@dataclass(frozen=True)
class Origins:
    """`local` is the proxy on this machine; `host` is the origin whose subdomains people have, empty without any."""

    local: str
    host: str = ""

    @property
    def public(self) -> str:
        """The origin of the home page and the hub, without a slash at the end."""
        return self.host or self.local

    @property
    def secure(self) -> bool:
        """Whether cookies can be locked to their host, which browsers do over https alone."""
        return self.host.startswith("https://")

    def of(self, user: str) -> str:
        """The origin of this user's servers."""
        if not self.host:
            return self.local
        parts = urlsplit(self.host)
        return parts._replace(netloc=f"{label(user)}.{parts.netloc}").geturl()

    def names(self, user: str | None = None) -> dict[str, str]:
        """The header with which the proxy on this machine knows the origin that is meant."""
        return {"Host": urlsplit(self.of(user) if user else self.public).netloc} if self.host else {}

    def is_elsewhere(self, host: str) -> bool:
        """Whether a request's host is a person's and not that of the home page."""
        return bool(self.host) and host.endswith("." + urlsplit(self.host).netloc)


def label(user: str) -> str:
    """What stands for a user in a host name. Names hold no two hyphens in a row, so that no two users get the same."""
    if LABEL.fullmatch(user):
        return user
    plain = re.sub(r"[^a-z0-9]+", "-", user).strip("-")[:30].strip("-")
    return f"u-{plain}--{hashlib.sha256(user.encode()).hexdigest()[:10]}"


def domain_of(name: str, domain: str, kind: str) -> str:
    """JupyterHub's question for the domain of a user or a service: ours is at the home page's."""
    return domain if kind == "service" else f"{label(name)}.{domain}"


def checked(value: str) -> str:
    """An origin that can have subdomains. Raises `SettingsError`."""
    parts = urlsplit(value.rstrip("/"))
    try:
        port = parts.port
    except ValueError:
        port = -1
    host = parts.hostname or ""
    numbers = host.replace(".", "").isdigit() or ":" in host
    whole = f"{parts.scheme}://{parts.netloc}" == value.rstrip("/") and "@" not in parts.netloc
    if parts.scheme not in ("http", "https") or not whole or port == -1 or numbers or not HOST.fullmatch(host):
        raise SettingsError("DEITA_SUBDOMAIN_HOST must be https://name.example, with :port if need be and no path.")
    return value.rstrip("/")
