"""Databases outside that a workspace reads: list, add, change, remove, test; and what its servers ask through them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from deita_hub.service import connection_models as models
from deita_hub.service.hub_client import Caller
from deita_hub.service.identity import SignedIn, working_in
from deita_hub.service.parts import parts_of
from deita_hub.service.routers.workspaces import Slug

router = APIRouter(prefix="/workspaces/{slug}/connections", tags=["connections"])
Name = Annotated[str, Path(max_length=100)]
Working = Annotated[Caller, Depends(working_in)]
FRAMES = "application/vnd.deita.frames"


@router.get("")
async def list_connections(request: Request, caller: Working, slug: Slug) -> models.ConnectionPage:
    """The workspace's connections, by name; for owners and editors."""
    return models.ConnectionPage(items=await parts_of(request).connections.all(caller.name, slug), next=None)


@router.post("", status_code=201)
async def add_connection(
    request: Request, response: Response, caller: SignedIn, slug: Slug, body: models.NewConnection
) -> models.Connection:
    """Keep a connection; owners and editors. Which hosts may be named is the operator's to say."""
    added = await parts_of(request).connections.add(caller.name, slug, body)
    response.headers["Location"] = f"{request.url.path}/{added.name}"
    return added


@router.get("/{name}")
async def read_connection(request: Request, caller: Working, slug: Slug, name: Name) -> models.Connection:
    """One connection; for owners and editors."""
    return await parts_of(request).connections.one(caller.name, slug, name)


@router.patch("/{name}")
async def change_connection(
    request: Request, caller: SignedIn, slug: Slug, name: Name, body: models.ConnectionChange
) -> models.Connection:
    """Change where a connection leads, which takes the password too, or the password alone; owners and editors."""
    return await parts_of(request).connections.change(caller.name, slug, name, body)


@router.delete("/{name}", status_code=204)
async def remove_connection(request: Request, caller: SignedIn, slug: Slug, name: Name) -> None:
    """Forget a connection; owners and editors. What was read through it stays."""
    await parts_of(request).connections.remove(caller.name, slug, name)


@router.post("/{name}/test")
async def test_connection(request: Request, caller: Working, slug: Slug, name: Name) -> models.Tested:
    """Connect and say who one is there; owners and editors."""
    return await parts_of(request).connections.test(caller.name, slug, name)


@router.get("/{name}/tables")
async def list_foreign_tables(request: Request, caller: Working, slug: Slug, name: Name) -> models.ForeignTablePage:
    """What can be read through a connection, with an estimate of the rows; owners and editors."""
    return await parts_of(request).connections.tables(caller.name, slug, name)


@router.post("/{name}/sample")
async def sample_rows(
    request: Request, caller: Working, slug: Slug, name: Name, body: models.Sample
) -> models.SampleRows:
    """The first rows of a table or query, as texts; owners and editors."""
    return await parts_of(request).connections.sample(caller.name, slug, name, body)


@router.post(
    "/{name}/read", response_class=Response, responses={200: {"content": {FRAMES: {}}, "description": "Frames."}}
)
async def read_rows(request: Request, caller: Working, slug: Slug, name: Name, body: models.Reading) -> Response:
    """Read a table or query whole; workspace servers ask this.

    The body is frames: a letter, four bytes of length, content. `H` says the columns, `D` is bytes of the format, `P`
    how many rows were read, and last `E` how many there are, or `F` why not.
    """
    return Pieces(await parts_of(request).connections.read(caller.name, slug, name, body))


class Pieces(StreamingResponse):
    """A stream whose source ends as soon as whoever asked has left."""

    def __init__(self, source: AsyncGenerator[bytes]) -> None:
        super().__init__(source, media_type=FRAMES)
        self._source = source

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, as far as somebody listens."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._source.aclose()
