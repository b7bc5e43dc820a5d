"""What a new installation begins with: the local owner and a workspace with sample data."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from deita_hub.catalog import people, workspaces
from deita_hub.catalog.models import Workspace
from deita_hub.catalog.workspaces import Draft
from deita_hub.place import Place
from deita_hub.settings import OWNER

FIRST = Draft(
    name="My workspace", slug="start", description="Your own place to begin, with a small shop's data to try things on."
)


async def prepare(place: Place) -> None:
    """Make both unless they are there; a workspace that was deleted does not come back."""

    def work(session: Session) -> None:
        if people.person(session, OWNER) is not None:
            return
        people.ensure_person(session, OWNER, admin=True)
        if session.scalar(select(Workspace.id).limit(1)) is None:
            samples = place.settings.samples
            draft = Draft(FIRST.name, FIRST.slug, FIRST.description if samples else "", samples)
            workspaces.create(session, OWNER, draft)

    await place.write(work)
