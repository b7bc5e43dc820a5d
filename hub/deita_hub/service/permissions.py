"""What a role may do in the control plane, and whose server it leads to."""

from __future__ import annotations

from collections.abc import Iterable

from deita_hub.catalog.workspaces import WORKING_ROLES, Membership
from deita_hub.names import dashboard_user
from deita_hub.service.errors import ServiceError


def allowed(found: Membership | None, roles: Iterable[str] | None = None) -> Membership:
    """The membership: 404 for who is no member, 403 when another role is needed."""
    if found is None:
        raise ServiceError("not_found", "There is no such workspace, or you are not a member of it.")
    if roles is not None and found.role not in roles:
        raise ServiceError("role_required", f"Only {' and '.join(f'{role}s' for role in roles)} may do this.")
    return found


def server_user(person: str, role: str, slug: str) -> str:
    """The hub's user whose server a member uses: their own, or the dashboard server's for who only looks."""
    return person if role in WORKING_ROLES else dashboard_user(slug)
