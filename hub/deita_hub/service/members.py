"""Who is in a workspace: every method acts for one person and raises `ServiceError` for what that person may not do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from deita_hub.catalog import members, workspaces
from deita_hub.catalog.members import LastOwnerError, MemberExistsError, NoMemberError, TooManyMembersError
from deita_hub.catalog.models import Member
from deita_hub.catalog.workspaces import WORKING_ROLES
from deita_hub.names import NameRefusedError
from deita_hub.place import Place
from deita_hub.service import models
from deita_hub.service.access import Access
from deita_hub.service.errors import ServiceError
from deita_hub.service.permissions import allowed
from deita_hub.sign_in import admission

Value = TypeVar("Value")


class MembersManager:
    """Members: list, add, change, remove."""

    def __init__(self, place: Place, access: Access) -> None:
        self._place, self._access = place, access

    async def all(self, caller: str, slug: str) -> list[models.Member]:
        """Everybody in the workspace, by name; for those who work in it."""

        def work(session: Session) -> list[models.Member]:
            found = allowed(workspaces.membership(session, caller, slug), WORKING_ROLES)
            return [_model(member) for member in members.members(session, found.workspace.id)]

        return await self._place.read(work)

    async def add(self, caller: str, slug: str, person: str, role: str) -> models.Member:
        """Let a person in, who may never have signed in; owners only."""

        def work(session: Session) -> models.Member:
            found = allowed(workspaces.membership(session, caller, slug), ("owner",))
            name = admission.add(session, self._place.settings.sign_in, person, by=caller).name
            return _model(members.add(session, found.workspace, name, role, by=caller))

        added = await self._write(work)
        if role not in WORKING_ROLES:
            await self._access.share(slug)
        return added

    async def change(self, caller: str, slug: str, person: str, role: str) -> models.Member:
        """Give a member another role; owners only. A server that ran with more rights is stopped."""

        def work(session: Session) -> tuple[models.Member, str]:
            found = allowed(workspaces.membership(session, caller, slug), ("owner",))
            member, before = members.change(session, found.workspace, person, role, by=caller)
            return _model(member), before

        changed, before = await self._write(work)
        if members.ROLES.index(role) > members.ROLES.index(before):
            await self._access.withdraw(person, slug)
        elif role != before:
            await self._access.share(slug)
        return changed

    async def remove(self, caller: str, slug: str, person: str) -> None:
        """Take a person out; owners anybody, everybody themselves. Asked again, it finishes what was cut short."""

        def work(session: Session) -> bool:
            found = allowed(workspaces.membership(session, caller, slug), None if person == caller else ("owner",))
            try:
                members.remove(session, found.workspace, person, by=caller)
            except NoMemberError:
                return False
            return True

        was_member = await self._write(work)
        await self._access.withdraw(person, slug)
        if not was_member:
            raise _no_member(person)

    async def _write(self, work: Callable[[Session], Value]) -> Value:
        """One transaction; what the catalog refuses gets its code."""
        try:
            return await self._place.write(work)
        except NameRefusedError as error:
            raise ServiceError("name_refused", str(error)) from error
        except NoMemberError as error:
            raise _no_member(str(error)) from error
        except MemberExistsError as error:
            hint = "PATCH the member to change the role."
            raise ServiceError("member_exists", f"{error} is in this workspace already.", hint) from error
        except LastOwnerError as error:
            hint = "Make somebody else an owner first."
            raise ServiceError("last_owner", f"{error} is the only owner of this workspace.", hint) from error
        except TooManyMembersError as error:
            message = f"A workspace may have at most {members.MOST_MEMBERS} members."
            raise ServiceError("too_many_members", message) from error


def _no_member(person: str) -> ServiceError:
    return ServiceError("member_not_found", f"{person} is not in this workspace.")


def _model(member: Member) -> models.Member:
    return models.Member(person=member.person, role=member.role, added_at=member.added_at)  # type: ignore[arg-type]
