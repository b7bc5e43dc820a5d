"""Members of a workspace: list, add, change the role, remove."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from deita_hub.service import models
from deita_hub.service.identity import SignedIn, check_admitted
from deita_hub.service.parts import parts_of
from deita_hub.service.routers.workspaces import Slug

router = APIRouter(prefix="/workspaces/{slug}/members", tags=["members"])
Person = Annotated[str, Path(max_length=100)]


@router.get("")
async def list_members(request: Request, caller: SignedIn, slug: Slug) -> models.MemberPage:
    """Everybody in the workspace, by name; for owners and editors."""
    return models.MemberPage(items=await parts_of(request).members.all(caller.name, slug), next=None)


@router.post("", status_code=201)
async def add_member(
    request: Request, response: Response, caller: SignedIn, slug: Slug, body: models.NewMember
) -> models.Member:
    """Let a person in; owners only. Who is in already is 409 `member_exists`."""
    parts = parts_of(request)
    check_admitted(parts, body.person)
    added = await parts.members.add(caller.name, slug, body.person, body.role)
    response.headers["Location"] = f"{request.url.path}/{added.person}"
    return added


@router.patch("/{person}")
async def change_member(
    request: Request, caller: SignedIn, slug: Slug, person: Person, body: models.MemberChange
) -> models.Member:
    """Give a member another role; owners only. A role with fewer rights stops the member's server."""
    return await parts_of(request).members.change(caller.name, slug, person, body.role)


@router.delete("/{person}", status_code=204)
async def remove_member(request: Request, caller: SignedIn, slug: Slug, person: Person) -> None:
    """Take a person out and stop their server; owners anybody, everybody themselves. The last owner stays."""
    await parts_of(request).members.remove(caller.name, slug, person)
