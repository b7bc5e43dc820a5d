"""What a workspace server asks with its own token: credentials for its workspace, and for no other."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from deita_hub.broker.storage import IssueFailedError
from deita_hub.service import models
from deita_hub.service.errors import ServiceError
from deita_hub.service.identity import server_token_of
from deita_hub.service.parts import parts_of

router = APIRouter(prefix="/workspaces", tags=["workspace servers"])


@router.post("/{slug}/credentials")
async def issue_credentials(
    request: Request, response: Response, slug: Annotated[str, Path(max_length=100)]
) -> models.Credentials:
    """Issue what reaches the workspace's storage and database, for an hour at most.

    Only with the token of a server of this workspace; any other is 403 `token_scope`.
    """
    broker = parts_of(request).broker
    caller = await server_token_of(request)
    if not caller.runs(slug):
        await broker.refuse(caller.name, slug)
        raise _not_theirs()
    try:
        issued = await broker.issue(caller.name, slug)
    except IssueFailedError as error:
        raise ServiceError("storage_unavailable", str(error), "Try again in a few seconds.") from error
    if issued is None:
        raise _not_theirs()
    response.headers["Cache-Control"] = "no-store"
    return models.Credentials.model_validate(issued, from_attributes=True)


def _not_theirs() -> ServiceError:
    return ServiceError("token_scope", "This is not the token of a server of this workspace.")
