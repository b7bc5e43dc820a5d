"""The members of a workspace: who is in it, in which role, added, changed and removed with a note in the audit."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from deita_hub.catalog import people
from deita_hub.catalog.database import now
from deita_hub.catalog.models import Member, Workspace
from deita_hub.catalog.workspaces import audit

ROLES = ("owner", "editor", "viewer")
MOST_MEMBERS = 1000


class MemberExistsError(Exception):
    """The person is in the workspace already."""


class NoMemberError(Exception):
    """The person is not in the workspace."""


class LastOwnerError(Exception):
    """A workspace without an owner would be nobody's."""


class TooManyMembersError(Exception):
    """The workspace has as many members as one may have."""


def members(session: Session, workspace_id: str) -> list[Member]:
    """Everybody who is in the workspace, by name."""
    return list(session.scalars(select(Member).where(Member.workspace_id == workspace_id).order_by(Member.person)))


def add(session: Session, workspace: Workspace, person: str, role: str, *, by: str) -> Member:
    """Let a person in, who is made known if need be.

    Raises `NameRefusedError`, `MemberExistsError` and `TooManyMembersError`.
    """
    people.ensure_person(session, person)
    if session.get(Member, (workspace.id, person)) is not None:
        raise MemberExistsError(person)
    count = session.scalar(select(func.count()).select_from(Member).where(Member.workspace_id == workspace.id))
    if (count or 0) >= MOST_MEMBERS:
        raise TooManyMembersError
    member = Member(workspace_id=workspace.id, person=person, role=role, added_at=now())
    session.add(member)
    audit(session, by, "member.add", workspace.id, member=person, role=role)
    session.flush()
    return member


def change(session: Session, workspace: Workspace, person: str, role: str, *, by: str) -> tuple[Member, str]:
    """Give a member another role; returns the role they had, too. Raises `NoMemberError` and `LastOwnerError`."""
    member = _member(session, workspace, person)
    before = member.role
    if role != "owner" and is_only_owner(session, member):
        raise LastOwnerError(person)
    if role != before:
        member.role = role
        audit(session, by, "member.change", workspace.id, member=person, role=role, before=before)
    return member, before


def remove(session: Session, workspace: Workspace, person: str, *, by: str) -> None:
    """Take a person out of the workspace. Raises `NoMemberError` and `LastOwnerError`."""
    member = _member(session, workspace, person)
    if is_only_owner(session, member):
        raise LastOwnerError(person)
    session.delete(member)
    audit(session, by, "member.remove", workspace.id, member=person, role=member.role)


def _member(session: Session, workspace: Workspace, person: str) -> Member:
    member = session.get(Member, (workspace.id, person))
    if member is None:
        raise NoMemberError(person)
    return member


def is_only_owner(session: Session, member: Member) -> bool:
    """Whether without this member the workspace would be nobody's."""
    others = select(Member.person).where(
        Member.workspace_id == member.workspace_id, Member.role == "owner", Member.person != member.person
    )
    return member.role == "owner" and session.scalars(others.limit(1)).first() is None
