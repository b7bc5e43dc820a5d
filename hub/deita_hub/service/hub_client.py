"""The control plane's way to the hub: who a token belongs to, which servers run, start, stop, sign-in."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

import httpx

from deita_hub.addresses import CALLBACK, CLIENT_ID, SERVICE
from deita_hub.secret_files import Secrets
from deita_hub.service.errors import ServiceError
from deita_hub.settings import Settings

CACHE_SECONDS = 10.0
CACHE_ENTRIES = 1000
STOPPING_SECONDS = 15.0
"""How long a start waits for the same server to finish stopping."""
ServerState = Literal["stopped", "starting", "ready", "failed"]


@dataclass(frozen=True)
class Caller:
    """Whom the hub says a token belongs to."""

    name: str
    kind: str
    scopes: frozenset[str]

    @property
    def may_use_control_plane(self) -> bool:
        """Whether the token was made for us; a workspace server's own token was not."""
        return bool(self.scopes & {"access:services", f"access:services!service={SERVICE}"})


@dataclass(frozen=True)
class HubServer:
    """A named server as the hub knows it."""

    state: ServerState
    started_at: datetime | None
    last_used_at: datetime | None
    ended: bool
    """Whether no process is left, not even one that is stopping."""


class HubClient:
    """Speaks with JupyterHub's REST API, reached directly and not through the proxy."""

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self._secret = secrets.service_token
        limits = httpx.Limits(max_connections=50, max_keepalive_connections=20)
        self._client = httpx.AsyncClient(
            base_url=settings.hub_api_url, timeout=15.0, limits=limits, trust_env=False, follow_redirects=False
        )
        self._callers: OrderedDict[str, tuple[float, Caller | None]] = OrderedDict()

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def caller(self, token: str) -> Caller | None:
        """Whose token this is, None if the hub does not know it. Remembered for a few seconds, by hash."""
        key = hashlib.sha256(token.encode()).hexdigest()
        known = self._callers.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        answer = await self._request("GET", "/user", token=token)
        found = None
        if answer.status_code == 200:
            model = answer.json()
            found = Caller(model["name"], model["kind"], frozenset(model.get("scopes", ())))
        elif answer.status_code not in (401, 403, 404):
            raise ServiceError("unavailable", "The hub cannot say who you are right now.")
        self._callers[key] = (time.monotonic() + CACHE_SECONDS, found)
        self._callers.move_to_end(key)
        while len(self._callers) > CACHE_ENTRIES:
            self._callers.popitem(last=False)
        return found

    async def servers(self, person: str) -> dict[str, HubServer]:
        """The person's servers by name, stopped ones too."""
        answer = await self._request("GET", f"/users/{quote(person)}", params={"include_stopped_servers": "1"})
        if answer.status_code == 404:
            return {}
        self._expect(answer, 200)
        return {name: _server(model) for name, model in answer.json().get("servers", {}).items() if name}

    async def start(self, person: str, slug: str) -> None:
        """Ask for the server; nothing happens if it runs or is starting, one that is stopping is waited for."""
        deadline = time.monotonic() + STOPPING_SECONDS
        path = f"/users/{quote(person)}/servers/{quote(slug)}"
        while (answer := await self._request("POST", path, json={})).status_code == 400:
            server = (await self.servers(person)).get(slug)
            if server is not None and server.state in ("starting", "ready"):
                return
            if server is None or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.1)
        if answer.status_code == 429:
            raise ServiceError(
                "unavailable", "Too many workspaces are being opened right now.", "Try again in a few seconds."
            )
        self._expect(answer, 201, 202)

    async def stop(self, person: str, slug: str) -> None:
        """Ask the server to stop; nothing happens if it does not run."""
        answer = await self._request("DELETE", f"/users/{quote(person)}/servers/{quote(slug)}", json={})
        self._expect(answer, 202, 204, 404)

    async def short_token(self, person: str, slug: str, seconds: int) -> str:
        """A token that enters this one server as this person, for a short time."""
        body = {
            "note": "Deita: sample data",
            "expires_in": seconds,
            "scopes": [f"access:servers!server={person}/{slug}"],
        }
        answer = await self._request("POST", f"/users/{quote(person)}/tokens", json=body)
        self._expect(answer, 201)
        return str(answer.json()["token"])

    async def exchange(self, code: str) -> str | None:
        """The access token for an OAuth code, None if the hub does not take the code."""
        form = {
            "client_id": CLIENT_ID,
            "client_secret": self._secret,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
        }
        answer = await self._request("POST", "/oauth2/token", data=form)
        return str(answer.json()["access_token"]) if answer.status_code == 200 else None

    async def healthy(self) -> bool:
        """Whether the hub answers."""
        try:
            return (await self._client.get("/health", timeout=2.0)).status_code == 200
        except httpx.HTTPError:
            return False

    async def _request(self, method: str, path: str, *, token: str | None = None, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"token {token or self._secret}"}
        try:
            return await self._client.request(method, path, headers=headers, **more)
        except httpx.HTTPError as error:
            raise ServiceError("unavailable", "The hub does not answer.", "Try again in a few seconds.") from error

    @staticmethod
    def _expect(answer: httpx.Response, *statuses: int) -> None:
        if answer.status_code not in statuses:
            raise ServiceError("unavailable", f"The hub answered {answer.status_code}.", "Its log says why.")


def _server(model: dict[str, Any]) -> HubServer:
    state: ServerState = "stopped"
    if model["pending"] == "spawn":
        state = "starting"
    elif model["ready"] and not model["pending"]:
        state = "ready"
    return HubServer(state, _moment(model["started"]), _moment(model["last_activity"]), bool(model["stopped"]))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
