"""Gives every request an id, every answer the usual protecting headers, and an unexpected error our shape."""

from __future__ import annotations

import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deita_hub import request_log, tracing
from deita_hub.service.errors import ServiceError, error_response
from deita_hub.service.metrics import Metrics

ABANDONED = 499
"""As what a request is counted whose caller left before it was answered."""
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

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        trace = tracing.trace_of(Headers(scope=scope))
        tracing.begin(trace)
        request_id = trace.request_id
        scope.setdefault("state", {})["request_id"] = request_id
        status, began = 0, time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in PROTECTION.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:  # the last resort of a request: logged once, answered without any of its contents
            log.exception("A request failed.")
            if not status:
                error = ServiceError(
                    "internal", "Something went wrong in the control plane.", f"Its log names {request_id}."
                )
                await error_response(request_id, error)(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", None)
            seconds, status = time.perf_counter() - began, status or ABANDONED
            self._metrics.request(scope["method"], route, status, seconds)
            request_log.note(scope["method"], scope["path"], status, seconds)
