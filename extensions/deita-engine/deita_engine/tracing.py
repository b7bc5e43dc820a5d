"""Which request something is done for: its id and its place in a trace, as W3C Trace Context has it.

A request brings `X-Request-Id` and `traceparent`, or is given both. They stand in every line that is logged meanwhile
and go along to whatever is asked for its sake: the hub, the control plane, the engine.
https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True)
class Trace:
    """One request here: `span_id` is ours, `flags` the caller's wish to be recorded (two hexadecimal digits)."""

    request_id: str
    trace_id: str
    span_id: str
    flags: str

    @property
    def traceparent(self) -> str:
        """What is sent along."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    @property
    def headers(self) -> dict[str, str]:
        """The same as headers, together with the request's id."""
        return {"X-Request-Id": self.request_id, "traceparent": self.traceparent}


_CURRENT: ContextVar[Trace | None] = ContextVar("trace", default=None)


def trace_of(headers: Mapping[str, str]) -> Trace:
    """The request that has these headers; what cannot be used of them is made anew."""
    trace_id, flags = _parent(headers.get("traceparent", "").strip())
    given = headers.get("X-Request-Id", "")
    return Trace(given if REQUEST_ID.fullmatch(given) else trace_id, trace_id, secrets.token_hex(8), flags)


def _parent(text: str) -> tuple[str, str]:
    found = TRACEPARENT.fullmatch(text[:512])
    if found is None or (found[1] == "00" and found[5]):
        return secrets.token_hex(16), "01"
    return found[2], found[4]


def begin(trace: Trace | None) -> None:
    """From here on, in this task or thread, everything is for this request."""
    _CURRENT.set(trace)


def current() -> Trace | None:
    """The request that is being handled, if any."""
    return _CURRENT.get()


def headers() -> dict[str, str]:
    """What to send along with a request of ours."""
    trace = _CURRENT.get()
    return trace.headers if trace else {}
