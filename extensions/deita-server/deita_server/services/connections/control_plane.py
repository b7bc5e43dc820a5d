"""Asks the control plane about connections, with this server's own token; it alone has the passwords.

httpx and not tornado's client, which goes on with a request whose asker was cancelled: here that would be a statement
that runs on in somebody's database.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from deita_engine import tracing

from deita_server.errors import STATUS, DeitaError
from deita_server.settings import Settings

from .frames import lost

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 60.0
ANSWER_MOST = 64 * 2**20
OTHERS = {"validation": "bad_request", "role_required": "forbidden", "token_scope": "forbidden"}
"""The control plane's codes that have another name here."""


class ControlPlane:
    """Raises DeitaError with the control plane's code, control_plane_unavailable when it does not answer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._base = f"{settings.control_plane}/workspaces/{quote(settings.slug, safe='')}/connections"

    async def ask(self, method: str, path: str = "", body: dict[str, Any] | None = None) -> Any:
        """Return the JSON that it answers with."""
        said = bytearray()
        async for piece in self.stream(method, path, body):
            said += piece
            if len(said) > ANSWER_MOST:
                raise lost()
        return json.loads(said)

    async def stream(
        self, method: str, path: str, body: dict[str, Any] | None, seconds: float = TIMEOUT_S
    ) -> AsyncGenerator[bytes]:
        """Yield the body as it comes; nothing for `seconds` is an end. Whoever closes this ends the request."""
        import httpx  # only whoever has connections waits for it

        if not self._settings.control_plane:
            raise _unavailable()
        async with self._client(seconds) as client:
            try:
                async with client.stream(method, self._base + path, json=body) as answer:
                    if answer.status_code >= 400:
                        raise _refused(await answer.aread())
                    async for piece in answer.aiter_raw():
                        yield piece
            except httpx.ConnectError as error:
                raise _unavailable() from error
            except httpx.HTTPError as error:
                raise lost() from error

    def _client(self, seconds: float) -> httpx.AsyncClient:
        import httpx

        door = self._settings.doors and self._settings.doors / str(urlsplit(self._base).port)
        transport = httpx.AsyncHTTPTransport(uds=str(door) if door and door.exists() else None)
        headers = {"Authorization": f"Bearer {self._settings.token}", **tracing.headers()}
        timeout = httpx.Timeout(TIMEOUT_S, read=seconds)
        return httpx.AsyncClient(transport=transport, headers=headers, timeout=timeout, trust_env=False)


def path_of(name: str, what: str) -> str:
    """Return the path of something that can be asked of a connection."""
    return f"/{quote(name, safe='')}/{what}"


def _refused(body: bytes) -> DeitaError:
    try:
        said = json.loads(body)
        code = OTHERS.get(said["code"], said["code"])
        if code == "not_found":
            return DeitaError("forbidden", "You are no member of this workspace any more.")
        if code in STATUS:
            return DeitaError(code, said["message"], said["hint"], said["details"])
    except (ValueError, KeyError, TypeError):
        pass  # whatever answered is not the control plane
    return _unavailable()


def _unavailable() -> DeitaError:
    hint = "Try again in a few seconds."
    return DeitaError("control_plane_unavailable", "What keeps the connections does not answer right now.", hint)
