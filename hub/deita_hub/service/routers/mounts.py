"""What the mounts of a workspace ask, in the form of AWS's credentials for containers."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response

from deita_hub import bucket_mounts
from deita_hub.addresses import MOUNTS
from deita_hub.broker.storage import IssueFailedError
from deita_hub.service import models
from deita_hub.service.errors import ServiceError
from deita_hub.service.parts import parts_of

router = APIRouter(prefix=MOUNTS, tags=["workspace servers"])


@router.get("/{workspace_id}/{part}/credentials")
async def issue_mount_credentials(
    request: Request,
    response: Response,
    workspace_id: Annotated[str, Path(max_length=100)],
    part: bucket_mounts.Part,
    authorization: Annotated[str, Header(max_length=200)] = "",
) -> models.MountCredentials:
    """Issue what reads a workspace's uploaded bytes, or writes its notebooks, to the hub's mount of them, for an hour.

    Only with the token that the hub made for this mount; any other is 403 `token_scope`.
    """
    parts = parts_of(request)
    known = f"Bearer {bucket_mounts.token(parts.secrets, workspace_id, part)}"
    if not hmac.compare_digest(authorization.encode(), known.encode()):
        raise _not_theirs()
    try:
        issued = await parts.broker.issue_for_mount(workspace_id, part)
    except IssueFailedError as error:
        raise ServiceError("storage_unavailable", str(error), "Try again in a few seconds.") from error
    if issued is None:
        raise _not_theirs()
    response.headers["Cache-Control"] = "no-store"
    return models.MountCredentials.of(issued)


def _not_theirs() -> ServiceError:
    return ServiceError("token_scope", "This is not the token of a mount of this workspace.")
