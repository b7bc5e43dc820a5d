"""Notebooks in a bucket: jupyter-server's contents, one key a file below `notebooks/` of the workspace.

A folder is its keys; an empty one is kept by a key that is not shown. Some servers go on listing a folder whose keys
are gone, so that each is asked for before it is shown. Nobody's change is lost to another server's: what is saved over
something has to be what this server saw last (its ETag), otherwise it is refused. Not taken: s3contents (one root,
every file whole in memory, no ETags) and jupyter-fs (a root `ab` reads `abc`, a renamed folder moves nothing).
"""

from __future__ import annotations

import asyncio
import base64
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import nbformat
from jupyter_server.services.contents.manager import AsyncContentsManager
from tornado import web
from traitlets import Integer, default

from .bucket_checkpoints import BucketCheckpoints
from .bucket_models import FOLDER_MARK, directory_model, file_model, is_hidden_name, key_of, notebook_model
from .models import Model
from .refusals import refusals

if TYPE_CHECKING:
    from deita_engine.objects import Found, Objects

Result = TypeVar("Result")
KEPT_TAGS = 10_000
AT_ONCE = 8
ARRIVING_AT_ONCE = 4
LAST = -1


class BucketNotebooks(AsyncContentsManager):
    """What the contents API asks for, below one prefix. `objects` is there when the data plane's storage is."""

    max_listed_notebooks = Integer(5000, help="How many entries of a folder of notebooks are listed.").tag(config=True)
    max_opened_notebook = Integer(64 * 2**20, help="The largest file beside notebooks that can be opened.").tag(
        config=True
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._tags: OrderedDict[str, str] = OrderedDict()
        self._pieces: OrderedDict[str, bytearray] = OrderedDict()

    @default("checkpoints_class")
    def _default_checkpoints_class(self) -> type:
        return BucketCheckpoints

    async def objects(self) -> Objects:
        """The workspace's keys."""
        raise NotImplementedError

    async def dir_exists(self, path: str) -> bool:
        """Say whether any key is below the path; the root always is a folder."""
        return path.strip("/") == "" or await self._run(partial(_is_folder, await self.objects(), path))

    async def file_exists(self, path: str) -> bool:
        """Say whether there is a key for the path."""
        objects = await self.objects()
        return path.strip("/") != "" and await self._run(lambda: objects.head(key_of(path))) is not None

    async def exists(self, path: str) -> bool:
        """Say whether the path is anything."""
        return await self.file_exists(path) or await self.dir_exists(path)

    async def is_hidden(self, path: str) -> bool:
        """Say whether a part of the path begins with a dot."""
        return is_hidden_name(path)

    async def get(
        self,
        path: str,
        content: bool = True,
        type: str | None = None,
        format: str | None = None,
        require_hash: bool = False,
    ) -> Model:
        """Return what the path names, with its content if that is wanted."""
        path = path.strip("/")
        objects = await self.objects()
        found = await self._run(lambda: objects.head(key_of(path))) if path and type != "directory" else None
        if found is None:
            if type not in (None, "directory") or not await self.dir_exists(path):
                raise web.HTTPError(404, f"There is no {path}.")
            return await self._directory(path, content)
        if found.size > self.max_opened_notebook and content:
            raise web.HTTPError(413, f"{path} is too large to be opened here.")
        self._saw(path, found.etag)
        kind = type or ("notebook" if path.endswith(".ipynb") else "file")
        if not content:
            return (notebook_model if kind == "notebook" else file_model)(path, found)
        body, read = await self._run(lambda: objects.read(key_of(path)))
        self._saw(path, read.etag)
        if kind == "notebook":
            return self._notebook(path, read, body)
        return file_model(path, read, body, format)

    def _notebook(self, path: str, found: Found, body: bytes) -> Model:
        try:
            notebook = nbformat.reads(body.decode(), as_version=4)
        except ValueError as error:
            raise web.HTTPError(400, f"{path} is no notebook that can be read.") from error
        self.mark_trusted_cells(notebook, path)
        model = notebook_model(path, found, notebook)
        self.validate_notebook_model(model)
        return model

    async def _directory(self, path: str, content: bool) -> Model:
        if not content:
            return directory_model(path)
        entries = await self._run(partial(_listed, await self.objects(), path, self.max_listed_notebooks))
        shown = [each for each in entries if self.should_list(each["name"]) and not is_hidden_name(each["name"])]
        return {**directory_model(path), "content": shown, "format": "json"}

    async def save(self, model: Model, path: str = "") -> Model:
        """Keep a file, a notebook or an empty folder; raises 409 when somebody else changed it meanwhile."""
        path = path.strip("/")
        if "type" not in model:
            raise web.HTTPError(400, "A model needs its type.")
        chunk = model.get("chunk")
        if chunk in (None, 1):
            self.run_pre_save_hooks(model=model, path=path)
        if model["type"] == "directory":
            await self._run(partial(_make_folder, await self.objects(), path))
            return directory_model(path)
        content = self._bytes(model, path)
        if chunk is not None:
            whole = self._together(path, chunk, content)
            if chunk != LAST:
                return {**directory_model(path), "type": "file"}
            content = whole
        self._saw(path, await self._put(path, content))
        saved = await self.get(path, content=False, type=model["type"])
        if model["type"] == "notebook":
            self.validate_notebook_model(model)
            saved["message"] = model.get("message")
        self.emit({"action": "save", "path": path})
        return saved

    def _bytes(self, model: Model, path: str) -> bytes:
        content = model.get("content")
        if content is None:
            raise web.HTTPError(400, "A model needs its content.")
        if model["type"] == "notebook":
            notebook = nbformat.from_dict(content)
            self.check_and_sign(notebook, path)
            return nbformat.writes(notebook).encode()
        try:
            return base64.b64decode(content) if model.get("format") == "base64" else str(content).encode()
        except ValueError as error:
            raise web.HTTPError(400, "The content is not what its format says.") from error

    def _together(self, path: str, number: int, piece: bytes) -> bytes:
        """Everything that came of a file that JupyterLab sends in pieces."""
        if number == 1:
            self._pieces[path] = bytearray()
            while len(self._pieces) > ARRIVING_AT_ONCE:
                self._pieces.popitem(last=False)
        if path not in self._pieces:
            raise web.HTTPError(400, "The beginning of this upload is not here any more: upload the file again.")
        arrived = self._pieces.pop(path) + piece
        if len(arrived) > self.max_opened_notebook:
            raise web.HTTPError(413, "Files this large belong into the folder `files`: upload it there.")
        if number != LAST:
            self._pieces[path] = arrived
        return bytes(arrived) if number == LAST else b""

    async def _put(self, path: str, content: bytes) -> str:
        """Write over what this server saw last, or where nothing was."""
        objects, tag = await self.objects(), self._tags.get(path)
        condition = {"IfMatch": tag} if tag else {}
        try:
            return await self._run(lambda: objects.put(key_of(path), content, **condition))
        except FileExistsError:
            self._tags.pop(path, None)
            raise web.HTTPError(409, f"{path} was changed by somebody else meanwhile: open it again.") from None
        except FileNotFoundError:  # what was seen is gone
            return await self._run(lambda: objects.put(key_of(path), content))

    async def delete_file(self, path: str) -> None:
        """Delete a file, or an empty folder."""
        path, objects = path.strip("/"), await self.objects()
        if not path:
            raise web.HTTPError(400, "The top folder stays.")
        if await self.file_exists(path):
            await self._run(lambda: objects.delete(key_of(path)))
            self._tags.pop(path, None)
        elif await self.dir_exists(path):
            if not await self._run(partial(_empty, objects, path)):
                raise web.HTTPError(400, f"{path} is not empty.")
        else:
            raise web.HTTPError(404, f"There is no {path}.")
        self.emit({"action": "delete", "path": path})

    async def rename_file(self, old_path: str, new_path: str) -> None:
        """Move a file, or a folder with everything in it."""
        old, new = old_path.strip("/"), new_path.strip("/")
        if old == new:
            return
        if await self.exists(new):
            raise web.HTTPError(409, f"There is already something called {new}.")
        if not await self.exists(old):
            raise web.HTTPError(404, f"There is no {old}.")
        if f"{new}/".startswith(f"{old}/"):
            raise web.HTTPError(400, "A folder does not go into itself.")
        await self._run(partial(_move, await self.objects(), old, new))
        for path in [path for path in self._tags if path == old or path.startswith(f"{old}/")]:
            del self._tags[path]
        self.emit({"action": "rename", "path": new, "source_path": old})

    async def get_kernel_path(self, path: str, model: Model | None = None) -> str:
        """Return the kernels' own folder: what is in the bucket is not on their disk."""
        return ""

    def _saw(self, path: str, tag: str) -> None:
        self._tags[path] = tag
        self._tags.move_to_end(path)
        while len(self._tags) > KEPT_TAGS:
            self._tags.popitem(last=False)

    async def _run(self, work: Callable[[], Result]) -> Result:
        with refusals():
            return await asyncio.to_thread(work)


def _is_folder(objects: Objects, path: str) -> bool:
    found, _ = next(objects.pages(key_of(path) + "/", at_once=1))
    return bool(found)


def _listed(objects: Objects, path: str, most: int) -> list[Model]:
    """The entries of a folder by name, at most so many."""
    prefix = key_of(path) + "/" if path else key_of("")
    entries: list[Model] = []
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for found, folders in objects.pages(prefix, "/"):
            entries += [_entry(each, prefix) for each in found if each.key != prefix]
            paths = [f"{path}/{folder[len(prefix) : -1]}".strip("/") for folder in folders]
            there = threads.map(partial(_is_folder, objects), paths)
            entries += [directory_model(each) for each, is_there in zip(paths, there, strict=True) if is_there]
            if len(entries) >= most:
                break
    return sorted(entries, key=lambda entry: entry["name"])[:most]


def _entry(found: Found, prefix: str) -> Model:
    path = found.key.removeprefix(key_of(""))
    return (notebook_model if path.endswith(".ipynb") else file_model)(path, found)


def _make_folder(objects: Objects, path: str) -> None:
    if objects.head(key_of(path)) is not None:
        raise web.HTTPError(409, f"{path} is a file.")
    objects.put(f"{key_of(path)}/{FOLDER_MARK}", b"")


def _empty(objects: Objects, path: str) -> bool:
    """Remove a folder that holds nothing but its mark; returns whether it did."""
    found, _ = next(objects.pages(key_of(path) + "/", at_once=2))
    if any(not each.key.endswith(f"/{FOLDER_MARK}") for each in found) or len(found) > 1:
        return False
    for each in found:
        objects.delete(each.key)
    return True


def _move(objects: Objects, old: str, new: str) -> None:
    """Copy everything, then delete everything: broken off in between, nothing is lost."""
    if objects.head(key_of(old)) is not None:
        moves = [(key_of(old), key_of(new))]
    else:
        begin = key_of(old) + "/"
        moves = [(each.key, f"{key_of(new)}/{each.key[len(begin) :]}") for each in objects.below(begin)]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for _ in threads.map(lambda move: objects.copy(*move), moves):
            pass  # the first failure is raised here, before anything goes
        for _ in threads.map(lambda move: objects.delete(move[0]), moves):
            pass
