"""Passes on to the Docker Engine what starts, watches and ends servers, and refuses the rest with 403.

A path is taken apart and put together anew, so that only what was understood is passed on. What is done with a
container is done by the id that the engine told for a container of ours.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deita_hub.docker_proxy.rules import Policy, RefusedError

LARGEST_REQUEST = 1_000_000
LARGEST_ANSWER = 16_000_000
SECONDS = 120.0
"""The engine answers the stop of a container when it has ended."""
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

VERSION = r"(?P<version>/v1\.\d{1,3})?"
LOOK = re.compile(rf"{VERSION}/(?:_ping|version|info)")
IMAGE = re.compile(rf"{VERSION}/images/(?P<name>[A-Za-z0-9_./:@-]{{1,300}})/json")
NETWORK = re.compile(rf"{VERSION}/networks/(?P<name>[A-Za-z0-9_.-]{{1,200}})")
CREATE = re.compile(rf"{VERSION}/containers/create")
CONTAINER = re.compile(rf"{VERSION}/containers/(?P<name>[A-Za-z0-9_.-]{{1,200}})(?P<verb>/json|/start|/stop|/logs)?")
PARAMETERS: Mapping[tuple[str, str], frozenset[str]] = {
    ("GET", "/json"): frozenset(),
    ("POST", "/start"): frozenset(),
    ("POST", "/stop"): frozenset({"t"}),
    ("GET", "/logs"): frozenset({"stdout", "stderr", "timestamps", "tail"}),
    ("DELETE", ""): frozenset({"v", "force"}),
}
"""What may be done with a container, and the parameters that are passed on; logs are not followed."""

log = logging.getLogger("uvicorn.error")


class Door:
    """Judges requests and passes them on."""

    def __init__(self, policy: Policy, engine: httpx.AsyncClient) -> None:
        self._policy, self._engine = policy, engine

    async def answer(self, request: Request) -> Response:
        """The engine's answer, or 403 with what was wrong."""
        try:
            return await self._judged(request)
        except RefusedError as refused:
            log.warning("refused %s %s: %s", request.method, request.url.path[:200], refused)
            return _said(403, f"Deita's proxy does not pass this on: {refused}.")
        except httpx.HTTPError:
            log.exception("the engine does not answer")
            return _said(502, "The Docker Engine does not answer.")

    async def _judged(self, request: Request) -> Response:
        method, path = request.method, request.url.path
        if method in ("GET", "HEAD") and LOOK.fullmatch(path):
            return await self._pass(method, path)
        for known, name in ((IMAGE, self._policy.image), (NETWORK, self._policy.network)):
            if method == "GET" and (found := known.fullmatch(path)) and found["name"] == name:
                return await self._pass(method, path)
        if method == "POST" and (found := CREATE.fullmatch(path)):
            return await self._create(found["version"] or "", request)
        if (found := CONTAINER.fullmatch(path)) and (method, found["verb"] or "") in PARAMETERS:
            return await self._with_ours(method, found, request)
        raise RefusedError("servers are started without it")

    async def _create(self, version: str, request: Request) -> Response:
        name = request.query_params.get("name", "")
        body = await _body(request)
        self._policy.check(name, body)
        return await self._pass("POST", f"{version}/containers/create", params={"name": name}, json=body)

    async def _with_ours(self, method: str, found: re.Match[str], request: Request) -> Response:
        version, verb = found["version"] or "", found["verb"] or ""
        told = await self._pass("GET", f"{version}/containers/{found['name']}/json")
        if told.status_code != 200:
            return told
        container = json.loads(bytes(told.body))
        if not self._policy.owns(container["Name"].removeprefix("/")):
            raise RefusedError("the container is no server of this Deita")
        if verb == "/json":
            return told
        known = PARAMETERS[method, verb]
        params = {key: value for key, value in request.query_params.items() if key in known}
        return await self._pass(method, f"{version}/containers/{container['Id']}{verb}", params=params)

    async def _pass(self, method: str, path: str, **more: Any) -> Response:
        async with self._engine.stream(method, path, **more) as answer:
            body = bytearray()
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > LARGEST_ANSWER:
                    return _said(502, "The engine's answer is too large.")
        headers = {key: answer.headers[key] for key in ("content-type", "api-version") if key in answer.headers}
        return Response(bytes(body), answer.status_code, headers)


async def _body(request: Request) -> Any:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_REQUEST:
            raise RefusedError("the body is too large")
    try:
        return json.loads(bytes(body))
    except ValueError:
        raise RefusedError("the body is not JSON") from None


def _said(status: int, message: str) -> Response:
    return JSONResponse({"message": message}, status)


def create_app(policy: Policy, socket: str) -> Starlette:
    """The application that passes on to the engine behind this unix socket."""
    engine = httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(uds=socket), base_url="http://engine", timeout=SECONDS, trust_env=False
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with engine:
            yield

    routes = [Route("/{path:path}", Door(policy, engine).answer, methods=METHODS)]
    return Starlette(routes=routes, lifespan=lifespan)
