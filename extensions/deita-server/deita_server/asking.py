"""Who asks, while a request is handled: the person whose server it is, or one of the viewers of a dashboard server.

A dashboard server answers many people, none of whom may see what another asked. Queries belong to their asker, who is
noted here once, where the role is checked; handlers and managers in between need not hand the name through.
"""

from __future__ import annotations

from contextvars import ContextVar

_ASKER: ContextVar[str] = ContextVar("asker", default="")


def asks(person: str) -> None:
    """Note who sent the request that is being handled; what it starts in the background asks for the same person."""
    _ASKER.set(person)


def asker() -> str:
    """Return who asks; nobody is the empty text."""
    return _ASKER.get()
