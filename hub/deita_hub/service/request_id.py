"""Gives every request an id, every answer the usual protecting headers, and an unexpected error our shape."""

from __future__ import annotations

import logging
import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deita_hub.service.errors import ServiceError, error_response

GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")
log = logging.getLogger("uvicorn.error")
PROTECTION = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; "
        "base-uri 'none'; form-action 'self'; object-src 'none'"
    ),
}


class RequestIdMiddleware:
    """The outermost layer of the control plane."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if GIVEN.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in PROTECTION.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:  # the last resort of a request: logged once, answered without any of its contents
            log.exception("request %s failed", request_id)
            if not started:
                error = ServiceError(
                    "internal", "Something went wrong in the control plane.", f"Its log names {request_id}."
                )
                await error_response(request_id, error)(scope, receive, send_with_headers)
