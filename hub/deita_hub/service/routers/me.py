"""Who is asking."""

from __future__ import annotations

from fastapi import APIRouter, Request

from deita_hub.catalog import people
from deita_hub.service import models
from deita_hub.service.identity import SignedIn
from deita_hub.service.parts import parts_of

router = APIRouter(tags=["me"])


@router.get("/me")
async def me(request: Request, caller: SignedIn) -> models.Me:
    """The person whose token or session this is."""
    person = await parts_of(request).place.read(lambda session: people.person(session, caller.name))
    return models.Me(name=caller.name, admin=person is not None and person.admin)
