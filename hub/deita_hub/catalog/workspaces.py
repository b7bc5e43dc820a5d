"""Workspaces and their members: create, find, change, delete with undo, purge.

A deleted workspace keeps its slug for `KEPT_DAYS` days, so that undo always finds its place and no old link, token or
bookmark reaches a stranger's workspace; after that it is purged and the slug is free again. The alternative, freeing
the slug at once and renaming on undo, would break the promise that a slug never changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import case, delete, literal, select
from sqlalchemy.orm import Session

from deita_hub.catalog.database import new_id, now
from deita_hub.catalog.models import AuditEntry, IdempotencyKey, Member, ServerFailure, Workspace
from deita_hub.names import DASHBOARDS, check_slug, check_workspace_name, numbered, slug_from

KEPT_DAYS = 30
MOST_OWNED = 1000
WORKING_ROLES = ("owner", "editor")
"""Roles that have a workspace server of their own."""
VIEWER = "viewer"
"""The role of who only looks, through the workspace's dashboard server."""


class SlugTakenError(Exception):
    """Another workspace, perhaps a deleted one that can still be restored, has this slug."""


class TooManyWorkspacesError(Exception):
    """This person is in as many workspaces as one may be."""


class KeyReusedError(Exception):
    """The same Idempotency-Key came with another request."""


@dataclass(frozen=True)
class Membership:
    """A workspace as one of its members sees it."""

    workspace: Workspace
    role: str
    failure: ServerFailure | None = None


@dataclass(frozen=True)
class Draft:
    """What is needed to create a workspace; without a slug one is made from the name."""

    name: str
    slug: str | None = None
    description: str = ""
    samples: bool = False


def membership(session: Session, person: str, slug: str, *, deleted: bool = False) -> Membership | None:
    """The person's place in the workspace, None when there is no such workspace or the person is no member."""
    rows = _memberships(session, person, deleted=deleted, slug=slug, limit=1)
    return rows[0] if rows else None


def by_slug(session: Session, slug: str) -> Workspace | None:
    """The workspace, whoever asks; None when there is none."""
    return session.scalar(select(Workspace).where(Workspace.slug == slug, Workspace.deleted_at.is_(None)))


def memberships(session: Session, person: str, *, after: str = "", limit: int = 100) -> list[Membership]:
    """The person's workspaces in the order in which they were made, those after the id `after`."""
    return _memberships(session, person, after=after, limit=limit)


def _memberships(
    session: Session, person: str, *, deleted: bool = False, slug: str | None = None, after: str = "", limit: int
) -> list[Membership]:
    user = case((Member.role.in_(WORKING_ROLES), person), else_=literal(DASHBOARDS) + Workspace.slug)
    query = (
        select(Workspace, Member.role, ServerFailure)
        .join(Member, (Member.workspace_id == Workspace.id) & (Member.person == person))
        .outerjoin(ServerFailure, (ServerFailure.workspace_id == Workspace.id) & (ServerFailure.person == user))
        .where(Workspace.id > after, Workspace.deleted_at.is_not(None) if deleted else Workspace.deleted_at.is_(None))
        .order_by(Workspace.id)
        .limit(limit)
    )
    if slug is not None:
        query = query.where(Workspace.slug == slug)
    return [Membership(workspace, role, failure) for workspace, role, failure in session.execute(query)]


def create(session: Session, person: str, draft: Draft) -> Workspace:
    """A new workspace that the person owns.

    Raises `NameRefusedError`, `SlugTakenError` (only for a slug that was asked for) and `TooManyWorkspacesError`.
    """
    name = check_workspace_name(draft.name)
    if len(_memberships(session, person, limit=MOST_OWNED)) >= MOST_OWNED:
        raise TooManyWorkspacesError
    slug = _free_slug(session, draft.slug, name)
    workspace = Workspace(
        id=new_id(),
        slug=slug,
        name=name,
        description=draft.description,
        visibility="private",
        created_at=now(),
        samples="pending" if draft.samples else None,
    )
    session.add(workspace)
    session.add(Member(workspace_id=workspace.id, person=person, role="owner", added_at=workspace.created_at))
    audit(session, person, "workspace.create", workspace.id, slug=slug)
    session.flush()
    return workspace


def create_once(session: Session, person: str, draft: Draft, key: str, fingerprint: str) -> tuple[Workspace, bool]:
    """Like `create`, but asked again with the same key it finds the first one; the second value says that it is new.

    Keys are kept for a day. Raises `KeyReusedError` when the fingerprint of the request differs.
    """
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - timedelta(days=1)))
    known = session.get(IdempotencyKey, (person, key))
    if known is not None:
        if known.fingerprint != fingerprint:
            raise KeyReusedError
        workspace = session.get(Workspace, known.workspace_id)
        assert workspace is not None, "a key goes with its workspace"
        return workspace, False
    workspace = create(session, person, draft)
    session.add(
        IdempotencyKey(person=person, key=key, fingerprint=fingerprint, workspace_id=workspace.id, created_at=now())
    )
    return workspace, True


def _free_slug(session: Session, asked: str | None, name: str) -> str:
    if asked is not None:
        if _taken(session, check_slug(asked)):
            raise SlugTakenError(asked)
        return asked
    base = slug_from(name)
    candidates = [base, *(numbered(base, number) for number in range(2, MOST_OWNED))]
    for candidate in candidates:
        if not _taken(session, candidate):
            return candidate
    raise SlugTakenError(base)


def _taken(session: Session, slug: str) -> bool:
    return session.scalar(select(Workspace.id).where(Workspace.slug == slug)) is not None


def change(session: Session, workspace: Workspace, name: str | None, description: str | None, *, by: str) -> None:
    """Rename or describe the workspace; None leaves as it is. Raises `NameRefusedError`."""
    if name is not None:
        workspace.name = check_workspace_name(name)
    if description is not None:
        workspace.description = description
    audit(session, by, "workspace.change", workspace.id, name=workspace.name)


def mark_deleted(session: Session, workspace: Workspace, *, by: str) -> None:
    """From now on nobody finds the workspace; it can be restored until it is purged."""
    workspace.deleted_at = now()
    audit(session, by, "workspace.delete", workspace.id)


def mark_restored(session: Session, workspace: Workspace, *, by: str) -> None:
    """Everybody finds the workspace again."""
    workspace.deleted_at = None
    audit(session, by, "workspace.restore", workspace.id)


def remove(session: Session, workspace_id: str) -> None:
    """Forget a deleted workspace whose bytes are gone; its slug is free again."""
    session.execute(delete(Workspace).where(Workspace.id == workspace_id, Workspace.deleted_at.is_not(None)))
    audit(session, "", "workspace.purge", workspace_id)


def ids(session: Session) -> Sequence[str]:
    """The ids of all workspaces that are in use."""
    return session.scalars(select(Workspace.id).where(Workspace.deleted_at.is_(None))).all()


def purgeable(session: Session) -> Sequence[Workspace]:
    """Deleted workspaces whose time to be restored is over."""
    limit = now() - timedelta(days=KEPT_DAYS)
    return session.scalars(select(Workspace).where(Workspace.deleted_at < limit).limit(100)).all()


def deleted(session: Session) -> Sequence[Workspace]:
    """Workspaces that can still be restored."""
    return session.scalars(select(Workspace).where(Workspace.deleted_at.is_not(None))).all()


def record_failure(session: Session, workspace_id: str, person: str, message: str) -> None:
    """Remember why a server did not start, replacing what was known."""
    session.merge(
        ServerFailure(workspace_id=workspace_id, person=person, failed_at=now(), message=message[:500]),
    )


def clear_failure(session: Session, workspace_id: str, person: str) -> None:
    """Forget a failure: the server is being started again."""
    session.execute(
        delete(ServerFailure).where(ServerFailure.workspace_id == workspace_id, ServerFailure.person == person)
    )


def audit(session: Session, person: str, action: str, workspace_id: str | None, **details: Any) -> None:
    """Write down who did what, in the caller's transaction."""
    session.add(
        AuditEntry(id=new_id(), at=now(), person=person, action=action, workspace_id=workspace_id, details=details)
    )
