"""What the control plane's routes work with, made once when it starts and kept on the application."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from fastapi.templating import Jinja2Templates

from deita_hub.place import Place
from deita_hub.service.hub_client import HubClient
from deita_hub.service.manager import WorkspaceManager
from deita_hub.service.sessions import Sessions
from deita_hub.settings import Settings


@dataclass(frozen=True)
class Parts:
    """The parts."""

    settings: Settings
    place: Place
    hub: HubClient
    sessions: Sessions
    workspaces: WorkspaceManager
    templates: Jinja2Templates


def parts_of(request: Request) -> Parts:
    """The parts of the application that this request reached."""
    parts: Parts = request.app.state.parts
    return parts
