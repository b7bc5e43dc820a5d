"""Signing a browser in through the hub, and out again."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from deita_hub.addresses import CALLBACK, HOME
from deita_hub.service.parts import parts_of

router = APIRouter(include_in_schema=False)


@router.get(CALLBACK)
async def callback(request: Request, code: str = "", state: str = "") -> RedirectResponse:
    """The hub sends the browser here with a code. What does not fit starts over from the home page."""
    parts = parts_of(request)
    wanted = parts.sessions.wanted(request, state)
    token = await parts.hub.exchange(code) if wanted is not None and code else None
    if wanted is None or token is None:
        return RedirectResponse(f"{HOME}sign-in-failed", status_code=303)
    response = RedirectResponse(wanted, status_code=303)
    parts.sessions.open(response, token)
    return response


@router.get(f"{HOME}sign-out")
async def sign_out(request: Request) -> RedirectResponse:
    """End the session here and at the hub."""
    response = RedirectResponse("/hub/logout", status_code=303)
    parts_of(request).sessions.close(response)
    return response
