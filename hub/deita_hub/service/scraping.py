"""Reads the figures of the other processes for whoever watches, so that one address and one token reach everything.

Where servers run tells the proxy's table of routes. Their figures are fetched directly and not through the proxy, for
which a request would be a sign that somebody works there. What a server sends is a member's doing: it is passed on
within limits of time and size, and Prometheus is told limits of its own (`monitoring/prometheus.yml`).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import httpx

from deita_hub import scrape_tokens, tracing
from deita_hub.names import is_dashboard_user
from deita_hub.secret_files import Secrets
from deita_hub.service.errors import ServiceError
from deita_hub.settings import Settings

SECONDS = 5.0
MOST_BYTES = 2_000_000
MOST_SERVERS = 500
MEDIA_TYPES = ("text/plain", "application/openmetrics-text")
FIGURES = "deita/api/v1/metrics"


@dataclass(frozen=True)
class Running:
    """A server as it is found in the proxy's table: `id` is what it is called in figures."""

    id: str
    kind: str
    url: str
    token: str


class Scraping:
    """Fetches figures of hub, proxy and servers."""

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self._settings, self._secrets = settings, secrets
        limits = httpx.Limits(max_connections=20, max_keepalive_connections=5)
        self._client = httpx.AsyncClient(timeout=SECONDS, limits=limits, trust_env=False, follow_redirects=False)

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def hub(self, accept: str) -> tuple[bytes, str]:
        """JupyterHub's figures and their media type. Raises `unavailable`."""
        url = f"{self._settings.hub_url}/hub/metrics"
        return await self._fetch(url, f"token {self._secrets.metrics_token}", accept)

    async def proxy(self, accept: str) -> tuple[bytes, str]:
        """The proxy's figures and their media type. Raises `unavailable`."""
        return await self._fetch(self._settings.proxy_metrics_url, "", accept)

    async def server(self, id: str, accept: str) -> tuple[bytes, str]:
        """The figures of one server and their media type. Raises `not_found`, `unavailable`."""
        for each in await self.servers():
            if each.id == id:
                return await self._fetch(each.url, f"Bearer {each.token}", accept)
        raise ServiceError("not_found", "No server with this id runs.")

    async def servers(self) -> list[Running]:
        """The servers that run. Raises `unavailable` when the proxy does not answer."""
        url = f"{self._settings.proxy_api_url}/api/routes"
        try:
            answer = await self._client.get(url, headers={"Authorization": f"token {self._secrets.proxy_token}"})
            routes = answer.raise_for_status().json().values()
        except (httpx.HTTPError, ValueError) as error:
            raise ServiceError("unavailable", "The proxy does not say which servers run.") from error
        found = [route for route in routes if route.get("user") and route.get("server_name")]
        return [self._running(route["user"], route["server_name"], route["target"]) for route in found[:MOST_SERVERS]]

    def _running(self, user: str, name: str, target: str) -> Running:
        secret = self._secrets.metrics_token
        url = f"{target.rstrip('/')}/user/{quote(user)}/{quote(name)}/{FIGURES}"
        kind = "dashboards" if is_dashboard_user(user) else "workspace"
        id, token = scrape_tokens.id_of_server(secret, user, name), scrape_tokens.of_server(secret, user, name)
        return Running(id, kind, url, token)

    async def _fetch(self, url: str, authorization: str, accept: str) -> tuple[bytes, str]:
        headers = {"Accept": accept, "Accept-Encoding": "identity", **tracing.headers()}
        if authorization:
            headers["Authorization"] = authorization
        body = bytearray()
        try:
            async with self._client.stream("GET", url, headers=headers) as answer:
                answer.raise_for_status()
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > MOST_BYTES:
                        raise ServiceError("unavailable", "There are more figures than fit.")
        except httpx.HTTPError as error:
            raise ServiceError("unavailable", "The figures cannot be had right now.") from error
        media_type = answer.headers.get("Content-Type", "")
        return bytes(body), media_type if media_type.startswith(MEDIA_TYPES) else "text/plain"
