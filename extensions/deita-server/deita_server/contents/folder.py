"""The workspace's files as a folder: what JupyterLab's file browser asks for, answered by the files' manager.

Whatever comes in lands where `PUT /files/{name}` puts it, by the same rules. JupyterLab asks before it overwrites, and
what it then sends says no more of that; so a name that stood for bytes when their successor began to arrive gets a new
version, and one that did not must still be free at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from deita_server import roles
from deita_server.errors import DeitaError
from deita_server.services.files import names
from deita_server.services.files.models import File

from .chunks import Chunks, Patience
from .models import Model, arriving_model, decoded, encoded, file_model, listed_models

if TYPE_CHECKING:
    from deita_server.dataplane import DataPlane

PAGE = 1000
LAST = -1

Result = TypeVar("Result")


class Limits(Protocol):
    """The contents manager's configuration, as far as the folder needs it."""

    max_listed: int
    max_opened_bytes: int
    max_uploads: int
    upload_quiet: float
    upload_abandoned: float


class FilesFolder:
    """The files of one workspace for one person. Raises what `FilesManager` and `Chunks` do, forbidden, too_large."""

    def __init__(self, dataplane: DataPlane, limits: Limits) -> None:
        self._dataplane, self._files, self._limits = dataplane, dataplane.files, limits
        patience = Patience(limits.max_uploads, limits.upload_quiet, limits.upload_abandoned)
        self._chunks = Chunks(self._files, patience, dataplane.in_background)

    async def has(self, name: str) -> bool:
        """Say whether there is such a file."""
        return await self._find(name) is not None

    async def list(self) -> list[Model]:
        """Return the files by name, as many as may be listed."""
        found: list[File] = []
        cursor = None
        while (left := self._limits.max_listed - len(found)) > 0:
            page = await self._files.list(cursor, min(PAGE, left))
            found += page.items
            cursor = page.next
            if cursor is None:
                break
        return await self._in_thread(partial(listed_models, found, writable=self._may_change))

    async def get(self, name: str, form: str | None, *, content: bool) -> Model:
        """Return a file; its bytes too if they are wanted, as `form` (`text`, `base64`, None: what fits)."""
        file = await self._files.get(name)
        model = {**self._model(file), "hash": file.sha256, "hash_algorithm": "sha256"}
        if content:
            limit = self._limits.max_opened_bytes
            if file.size > limit:
                raise DeitaError(
                    "too_large",
                    f"{file.name} is too large to be opened here: JupyterLab would load all of it at once.",
                    hint="Import it to see it as a table, or download it.",
                    details={"limit": limit, "size": file.size},
                )
            model |= await self._in_thread(partial(_read, await self._files.path(file.name, file.sha256), file, form))
        return model

    async def save(self, name: str, model: Model) -> Model:
        """Take a file, or one piece of it; returns it without its bytes."""
        self._must_be_allowed()
        name = _file_name(name)
        if model.get("type", "file") != "file":
            raise _only_files()
        content = await self._in_thread(partial(decoded, model))
        chunk = model.get("chunk")
        if chunk is None:
            return self._model(await self._whole(name, content))
        if chunk == LAST:
            return self._model(await self._chunks.end(name, content))
        if chunk == 1:
            size = await self._chunks.begin(name, content, replace=await self._is_taken(name))
        else:
            size = await self._chunks.add(name, chunk, content)
        return arriving_model(name, size)

    async def _whole(self, name: str, content: bytes) -> File:
        replace = await self._is_taken(name)
        upload = await self._files.upload(len(content))
        try:
            await upload.write(content)
            await upload.complete()
            file, _ = await self._files.store(name, upload, replace=replace)
        finally:
            await upload.abort()
        return file

    async def _is_taken(self, name: str) -> bool:
        found = await self._find(name)
        if found and found.name != name:
            message = f"There is already a file {found.name}, and only capitals tell the names apart."
            raise DeitaError("file_exists", message)
        return found is not None

    async def _find(self, name: str) -> File | None:
        try:
            return await self._files.get(name)
        except DeitaError as error:
            if error.code in ("file_not_found", "bad_name"):
                return None
            raise

    async def rename(self, name: str, new_name: str) -> None:
        """Give a file another name."""
        self._must_be_allowed()
        await self._files.rename(name, _file_name(new_name))

    async def delete(self, name: str) -> None:
        """Forget a name."""
        self._must_be_allowed()
        await self._dataplane.deleting()
        await self._files.delete(name)

    @property
    def _may_change(self) -> bool:
        return roles.may(self._dataplane.settings.role, "change")

    def _must_be_allowed(self) -> None:
        if not self._may_change:
            raise DeitaError("forbidden", f"A {self._dataplane.settings.role} may not do this.")

    def _model(self, file: File) -> Model:
        return file_model(file, writable=self._may_change)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._dataplane.disk, work)


def _read(path: Path, file: File, form: str | None) -> Model:
    try:
        return encoded(file.name, path.read_bytes(), form)
    except FileNotFoundError as error:
        raise DeitaError("file_not_found", "There is no such file any more.") from error


def _file_name(name: str) -> str:
    name = names.checked(name)
    if name.casefold().endswith(".ipynb"):
        raise _only_files()
    return name


def _only_files() -> DeitaError:
    return DeitaError(
        "bad_request",
        "This folder is for the workspace's data files.",
        hint="Notebooks and folders belong beside it, one level up.",
    )
