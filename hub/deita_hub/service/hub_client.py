"""The control plane's way to the hub: who a token belongs to, which servers run, start, stop, sign-in."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, Literal
from urllib.parse import quote

import httpx

from deita_hub import tracing
from deita_hub.addresses import CALLBACK, CLIENT_ID, SERVICE
from deita_hub.secret_files import Secrets
from deita_hub.service.errors import ServiceError
from deita_hub.settings import Settings

CACHE_SECONDS = 10.0
CACHE_ENTRIES = 1000
UNKNOWN = (401, 403, 404)
PAGE = 200
"""How many items the hub gives at once, at most."""
STOPPING_SECONDS = 15.0
"""How long a start waits for the same server to finish stopping."""
ENTERING = "access:servers!server="
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

    def runs(self, slug: str) -> bool:
        """Whether this is the token of a server of that workspace: it may enter its own server and no other."""
        entered = {scope.removeprefix(ENTERING) for scope in self.scopes if scope.startswith(ENTERING)}
        name = f"{self.name}/"
        own = {server.removeprefix(name) for server in entered if server.startswith(name)}
        return self.kind == "user" and (slug in own or (self.name == f"dash-{slug}" and bool(own)))


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
        self._ready = f"{settings.hub_url}/hub/readyz"
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
        if answer.status_code in UNKNOWN:  # it says so, too, if its database was lost in that moment
            await self._expect_ready()
            answer = await self._request("GET", "/user", token=token)
        found = None
        if answer.status_code == 200:
            model = answer.json()
            found = Caller(model["name"], model["kind"], frozenset(model.get("scopes", ())))
        elif answer.status_code not in UNKNOWN:
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

    async def running(self) -> list[tuple[str, str]]:
        """Every server that runs or starts, as user and server name."""
        found: list[tuple[str, str]] = []
        for offset in count(step=PAGE):
            params = {"state": "active", "offset": str(offset), "limit": str(PAGE)}
            answer = await self._request("GET", "/users", params=params)
            self._expect(answer, 200)
            page = answer.json()
            found.extend((user["name"], name) for user in page for name in user.get("servers", {}) if name)
            if len(page) < PAGE:
                break
        return found

    async def ensure_server(self, user: str, slug: str) -> None:
        """See to it that the hub knows this user and this server of theirs; it is not started."""
        await self.ensure_user(user)
        self._expect(await self._request("PUT", f"/users/{quote(user)}/servers/{quote(slug)}", json={}), 201, 409)

    async def ensure_user(self, user: str) -> None:
        """See to it that the hub knows this user."""
        self._expect(await self._request("POST", f"/users/{quote(user)}"), 201, 409)

    async def forget_user(self, user: str) -> None:
        """Make the hub forget this user, whose servers have ended, with everything that was shared of them."""
        self._expect(await self._request("DELETE", f"/users/{quote(user)}"), 204, 404)

    async def guests(self, user: str, slug: str) -> set[str] | None:
        """Who else may enter this server; None when the hub does not know it."""
        found: set[str] = set()
        for offset in count(step=PAGE):
            params = {"offset": str(offset), "limit": str(PAGE)}
            answer = await self._request("GET", f"/shares/{quote(user)}/{quote(slug)}", params=params)
            if answer.status_code == 404:
                return None
            self._expect(answer, 200)
            items = answer.json()["items"]
            found.update(item["user"]["name"] for item in items if item["user"])
            if len(items) < PAGE:
                break
        return found

    async def let_in(self, guest: str, user: str, slug: str) -> None:
        """Let somebody enter this server."""
        await self.ensure_user(guest)
        answer = await self._request("POST", f"/shares/{quote(user)}/{quote(slug)}", json={"user": guest})
        self._expect(answer, 200)

    async def keep_out(self, guest: str, user: str, slug: str) -> None:
        """Let somebody no longer enter this server; nothing happens if they could not."""
        path = f"/shares/{quote(user)}/{quote(slug)}"
        self._expect(await self._request("PATCH", path, json={"user": guest}), 200, 204, 404)

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

    async def _expect_ready(self) -> None:
        answer = await self._request("GET", self._ready)
        if answer.status_code != 200:
            raise ServiceError(
                "unavailable", "The hub cannot say who you are right now.", "Try again in a few seconds."
            )

    async def _request(self, method: str, path: str, *, token: str | None = None, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"token {token or self._secret}", **tracing.headers()}
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
