"""What the control plane's routes work with, made once when it starts and kept on the application."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request
from fastapi.templating import Jinja2Templates

from deita_hub.broker.broker import Broker
from deita_hub.place import Place
from deita_hub.readiness import Readiness
from deita_hub.secret_files import Secrets
from deita_hub.service.access import Access
from deita_hub.service.connections import ConnectionsManager
from deita_hub.service.hub_client import HubClient
from deita_hub.service.manager import WorkspaceManager
from deita_hub.service.members import MembersManager
from deita_hub.service.metrics import Metrics
from deita_hub.service.scraping import Scraping
from deita_hub.service.sessions import Sessions
from deita_hub.service.sidecars import Sidecars
from deita_hub.settings import Settings


@dataclass(frozen=True)
class Parts:
    """The parts."""

    settings: Settings
    secrets: Secrets = field(repr=False)
    place: Place
    hub: HubClient
    sessions: Sessions
    access: Access
    workspaces: WorkspaceManager
    broker: Broker
    members: MembersManager
    connections: ConnectionsManager
    sidecars: Sidecars
    metrics: Metrics
    readiness: Readiness
    scraping: Scraping
    templates: Jinja2Templates


def parts_of(request: Request) -> Parts:
    """The parts of the application that this request reached."""
    parts: Parts = request.app.state.parts
    return parts
