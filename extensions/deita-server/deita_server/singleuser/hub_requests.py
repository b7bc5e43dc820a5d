"""Asks the hub over tornado's HTTP client, in the place of JupyterHub's aiohttp client.

A workspace server sends the hub a handful of small requests; aiohttp would cost every server 0.3 s of its start and
12 MiB of its memory. The shape is that of `jupyterhub.httpclient.fetch`, as far as the single-user parts use it.
"""

from __future__ import annotations

import ssl as _ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from deita_engine import tracing
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httputil import HTTPHeaders

from deita_server.settings import Settings

from .doors import DoorResolver

TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Answer:
    """What the hub said: the part of aiohttp's response that JupyterHub's single-user modules read."""

    status: int
    headers: HTTPHeaders
    body: bytes

    async def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


@contextmanager
def _client() -> Iterator[AsyncHTTPClient]:
    """The client that all share; behind doors one for this request, which knows them."""
    folder = Settings.from_environment().doors
    if folder is None:
        yield AsyncHTTPClient()
        return
    client = AsyncHTTPClient(force_instance=True, resolver=DoorResolver(folder))
    try:
        yield client
    finally:
        client.close()


async def fetch(
    url: str,
    *,
    method: str = "GET",
    raise_for_status: bool = True,
    headers: Mapping[str, str] | None = None,
    data: bytes | str | None = None,
    ssl: _ssl.SSLContext | None = None,
) -> Answer:
    """Send one request. Raises OSError or tornado's HTTPClientError when the hub cannot be reached (or refuses)."""
    request = HTTPRequest(
        url,
        method=method,
        headers=HTTPHeaders({**tracing.headers(), **(headers or {})}),
        body=data,
        ssl_options=ssl,
        request_timeout=TIMEOUT_S,
        follow_redirects=False,
        allow_nonstandard_methods=True,
    )
    with _client() as client:
        response = await client.fetch(request, raise_error=raise_for_status)
    return Answer(response.code, response.headers, response.body)
