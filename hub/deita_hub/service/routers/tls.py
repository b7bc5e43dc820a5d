"""Which names the edge may get a certificate for: it asks here before it goes to an authority."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from deita_hub import origins
from deita_hub.addresses import HOME
from deita_hub.catalog import people, workspaces
from deita_hub.names import DASHBOARDS
from deita_hub.service.parts import parts_of

router = APIRouter(include_in_schema=False)


@router.get(f"{HOME}tls")
async def may_have_a_certificate(request: Request, domain: str = "") -> Response:
    """200 for the home page's name and those of people and dashboards, else 404. The edge alone can ask this."""
    parts = parts_of(request)
    home = urlsplit(parts.settings.subdomain_host).hostname
    if home and domain == home:
        return Response(status_code=200)
    label, _, rest = domain.partition(".")
    known = bool(home) and rest == home and await parts.place.read(lambda session: is_somebodys(session, label))
    return Response(status_code=200 if known else 404)


def is_somebodys(session: Session, label: str) -> bool:
    """Whether this is the label of a person or of a workspace's dashboards."""
    if label.startswith(DASHBOARDS):
        return workspaces.by_slug(session, label.removeprefix(DASHBOARDS)) is not None
    if people.person(session, label) is not None:
        return True
    stands_for_another = label.startswith("u-") and "--" in label
    return stands_for_another and any(origins.label(each.name) == label for each in people.people(session))
