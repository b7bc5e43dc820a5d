"""Workspaces: list, create, read, change, delete, restore, start, stop."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response

from deita_hub.catalog.workspaces import Draft
from deita_hub.service import models
from deita_hub.service.identity import SignedIn
from deita_hub.service.parts import parts_of

router = APIRouter(prefix="/workspaces", tags=["workspaces"])
Slug = Annotated[str, Path(max_length=100)]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]


@router.get("")
async def list_workspaces(
    request: Request,
    caller: SignedIn,
    cursor: Annotated[str, Query(max_length=26, pattern=r"^[0-9a-z]*$")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> models.WorkspacePage:
    """The caller's workspaces, oldest first."""
    items, following = await parts_of(request).workspaces.page(caller.name, cursor, limit)
    return models.WorkspacePage(items=items, next=following)


@router.post("", status_code=201)
async def create_workspace(
    request: Request, response: Response, caller: SignedIn, body: models.NewWorkspace, key: Key = None
) -> models.Workspace:
    """Create a workspace that the caller owns. A slug that was asked for and is taken is 409 `slug_taken`."""
    draft = Draft(name=body.name, slug=body.slug, description=body.description)
    fingerprint = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    workspace, fresh = await parts_of(request).workspaces.create(caller.name, draft, key, fingerprint)
    response.headers["Location"] = f"{request.url.path}/{workspace.slug}"
    if not fresh:
        response.headers["Idempotency-Replayed"] = "true"
    return workspace


@router.get("/{slug}")
async def read_workspace(request: Request, caller: SignedIn, slug: Slug) -> models.Workspace:
    """One workspace and the caller's server in it."""
    return await parts_of(request).workspaces.one(caller.name, slug)


@router.patch("/{slug}")
async def change_workspace(
    request: Request, caller: SignedIn, slug: Slug, body: models.WorkspaceChange
) -> models.Workspace:
    """Rename or describe; owners only."""
    return await parts_of(request).workspaces.change(caller.name, slug, body.name, body.description)


@router.delete("/{slug}", status_code=204)
async def delete_workspace(request: Request, caller: SignedIn, slug: Slug) -> None:
    """Delete the workspace; owners only. It can be restored for 30 days, and its slug stays taken as long."""
    await parts_of(request).workspaces.delete(caller.name, slug)


@router.post("/{slug}/restore")
async def restore_workspace(request: Request, caller: SignedIn, slug: Slug) -> models.Workspace:
    """Undo a deletion; owners only."""
    return await parts_of(request).workspaces.restore(caller.name, slug)


@router.post("/{slug}/start", status_code=202)
async def start_server(request: Request, caller: SignedIn, slug: Slug) -> models.Workspace:
    """Start the caller's server in the workspace; asking again changes nothing."""
    return await parts_of(request).workspaces.start(caller.name, slug)


@router.post("/{slug}/stop", status_code=202)
async def stop_server(request: Request, caller: SignedIn, slug: Slug) -> models.Workspace:
    """Stop the caller's server in the workspace; asking again changes nothing."""
    return await parts_of(request).workspaces.stop(caller.name, slug)
