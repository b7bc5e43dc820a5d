"""Checkpoints in a bucket: one copy of each file, which the store makes by itself, below `checkpoints/`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from jupyter_server.services.contents.checkpoints import AsyncCheckpoints
from tornado import web

from .bucket_models import CHECKPOINTS, key_of
from .models import Model
from .refusals import refusals

if TYPE_CHECKING:
    from deita_engine.objects import Found, Objects

ONLY = "checkpoint"
Result = TypeVar("Result")


class BucketCheckpoints(AsyncCheckpoints):
    """One checkpoint a file, as jupyter-server's own on disk."""

    async def create_checkpoint(self, contents_mgr: object, path: str) -> Model:
        """Copy the file as it is."""
        objects, kept = await self._objects(), key_of(path, CHECKPOINTS)

        def work() -> Found | None:
            objects.copy(key_of(path), kept)
            return objects.head(kept)

        return _model(await _run(work))

    async def restore_checkpoint(self, contents_mgr: object, checkpoint_id: str, path: str) -> None:
        """Copy it back."""
        objects = await self._objects()
        await _run(lambda: objects.copy(key_of(path, CHECKPOINTS), key_of(path)))

    async def rename_checkpoint(self, checkpoint_id: str, old_path: str, new_path: str) -> None:
        """Move it along with its file."""
        objects = await self._objects()

        def work() -> None:
            objects.copy(key_of(old_path, CHECKPOINTS), key_of(new_path, CHECKPOINTS))
            objects.delete(key_of(old_path, CHECKPOINTS))

        await _run(work)

    async def delete_checkpoint(self, checkpoint_id: str, path: str) -> None:
        """Remove it."""
        objects = await self._objects()
        await _run(lambda: objects.delete(key_of(path, CHECKPOINTS)))

    async def list_checkpoints(self, path: str) -> list[Model]:
        """The only one, or none."""
        objects = await self._objects()
        found = await _run(lambda: objects.head(key_of(path, CHECKPOINTS)))
        return [_model(found)] if found else []

    async def _objects(self) -> Objects:
        objects: Objects = await self.parent.objects()
        return objects


def _model(found: Found | None) -> Model:
    if found is None:
        raise web.HTTPError(404, "There is no such file.")
    return {"id": ONLY, "last_modified": found.modified}


async def _run(work: Callable[[], Result]) -> Result:
    try:
        with refusals():
            return await asyncio.to_thread(work)
    except FileNotFoundError:
        raise web.HTTPError(404, "There is no such file or checkpoint.") from None
