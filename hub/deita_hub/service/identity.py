"""Who sends a request: a token in the header, or the browser's session. The one place where a role is checked."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from deita_hub import isolation
from deita_hub.service.errors import ServiceError
from deita_hub.service.hub_client import Caller
from deita_hub.service.parts import Parts, parts_of

SIGN_IN_HINT = "Send `Authorization: Bearer <token>`; `deita token me` prints one."


async def caller_of(request: Request) -> Caller:
    """The caller, or `ServiceError`: 401 without a good token or session, 403 when it may not come in."""
    parts = parts_of(request)
    header = request.headers.get("Authorization")
    token = _token_of(header) if header is not None else parts.sessions.token(request)
    if not token:
        raise ServiceError("not_signed_in", "You are not signed in.", SIGN_IN_HINT)
    caller = await parts.hub.caller(token)
    if caller is None:
        raise ServiceError("not_signed_in", "This token is unknown or has expired.", SIGN_IN_HINT)
    _check_entry(parts, caller)
    if header is None and not parts.sessions.xsrf_fits(request):
        raise ServiceError("xsrf", "This request does not come from a page of Deita.", "Reload the page and try again.")
    return caller


async def server_token_of(request: Request) -> Caller:
    """Whose token a workspace server sends: in the header only, and the hub must know it; 401 otherwise."""
    token = _token_of(request.headers.get("Authorization") or "")
    caller = await parts_of(request).hub.caller(token) if token else None
    if caller is None:
        raise ServiceError("not_signed_in", "This token is unknown or has expired.")
    return caller


async def working_in(request: Request, slug: str) -> Caller:
    """The caller, who may also be a server of the workspace `slug` with its own token."""
    token = _token_of(request.headers.get("Authorization") or "")
    caller = await parts_of(request).hub.caller(token) if token else None
    return caller if caller is not None and caller.runs(slug) else await caller_of(request)


def _check_entry(parts: Parts, caller: Caller) -> None:
    if caller.kind != "user" or not caller.may_use_control_plane:
        raise ServiceError("token_scope", "This token was not made for the control plane.", SIGN_IN_HINT)
    check_admitted(parts, caller.name)


def check_admitted(parts: Parts, person: str) -> None:
    """Refuse people whom this Deita does not let in as it runs now. Raises `trust_required`."""
    if not isolation.admits(person, parts.settings):
        raise ServiceError(
            "trust_required", "Without sandboxes only the local owner may use this Deita.", isolation.HOW_TO_ADMIT
        )


def _token_of(header: str) -> str | None:
    scheme, _, token = header.partition(" ")
    token = token.strip()
    usable = scheme.lower() in ("bearer", "token") and 0 < len(token) <= 200 and token.isascii() and token.isprintable()
    return token if usable else None


SignedIn = Annotated[Caller, Depends(caller_of)]
