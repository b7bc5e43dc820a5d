"""JupyterLab's contents: notebooks on disk or in a bucket, the workspace's files in the folder `files`.

Every method asks which of the two a path is in and passes it on. What stands for the files is imported when the first
of them is asked for: JupyterLab lists the top folder every few seconds, and that must not open a database.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from jupyter_server.services.contents.manager import AsyncContentsManager
from traitlets import Float, Integer, default

from deita_server import roles

from .bucket import BucketNotebooks
from .bucket_models import BEGINNING
from .disk import DiskCheckpoints, DiskNotebooks
from .download import BucketFileHandler, ContentsFileHandler
from .models import Model, folder_model
from .paths import FOLDER, SHOWN_AS, has_namesake, name_in_files, to_disk
from .refusals import Refusal, refusals

if TYPE_CHECKING:
    from deita_engine.objects import Objects

    from deita_server.dataplane import DataPlane

    from .folder import FilesFolder


class WithFiles(AsyncContentsManager):
    """The workspace's files as one more folder of the contents manager that this comes before."""

    max_listed = Integer(5000, help="How many of the workspace's files are listed, by name.").tag(config=True)
    max_opened_bytes = Integer(8 * 2**20, help="The largest of the workspace's files that can be opened.").tag(
        config=True
    )
    max_uploads = Integer(16, help="How many files may arrive in pieces at once; more are refused.").tag(config=True)
    upload_quiet = Float(
        60.0, help="Seconds after its last piece until an upload gives way to a new one of the same name."
    ).tag(config=True)
    upload_abandoned = Float(600.0, help="Seconds after its last piece until an upload is dropped.").tag(config=True)

    _files: FilesFolder | None = None

    # what is there

    async def dir_exists(self, path: str) -> bool:
        """Say whether the path is a folder."""
        name = name_in_files(path)
        return await super().dir_exists(path) if name is None else name == ""

    async def file_exists(self, path: str) -> bool:
        """Say whether the path is a file."""
        name = name_in_files(path)
        if name is None:
            return await super().file_exists(path)
        with refusals():
            return name != "" and await (await self._folder()).has(name)

    def exists(self, path: str) -> Any:
        """Say whether the path is anything; to be awaited for one among the workspace's files."""
        name = name_in_files(path)
        if name is None:
            return super().exists(path)
        return self.file_exists(path) if name else True

    async def is_hidden(self, path: str) -> bool:
        """Say whether the path is not to be shown; a file of the workspace cannot be hidden."""
        return name_in_files(path) is None and await super().is_hidden(path)

    async def get(
        self,
        path: str,
        content: bool = True,
        type: str | None = None,
        format: str | None = None,
        require_hash: bool = False,
    ) -> Model:
        """Return what the path names, with its content if that is wanted."""
        name = name_in_files(path)
        if name is None:
            model = await super().get(path, content, type, format, require_hash)
            return await self._with_files(model) if content and model["path"] == "" else model
        if type not in (None, "file" if name else "directory"):
            raise Refusal(400, f"{path} is no {type}.", reason="bad type")
        with refusals():
            model = await self._file(name, format, content) if name else await self._listing(content)
        self.emit({"action": "get", "path": model["path"]})
        return model

    async def _file(self, name: str, form: str | None, content: bool) -> Model:
        return await (await self._folder()).get(name, form, content=content)

    async def _listing(self, content: bool) -> Model:
        may_change = roles.may(self._dataplane.settings.role, "change")
        model = folder_model(self._top_changed(), writable=may_change)
        if content:
            model |= {"content": await (await self._folder()).list(), "format": "json"}
        return model

    async def _with_files(self, top: Model) -> Model:
        """Return the top folder with the workspace's files in it, and its own namesake under another name."""
        shown = [entry for entry in top["content"] if entry["path"] not in (FOLDER, SHOWN_AS)]
        shown.append(await self._listing(content=False))
        if self._has_namesake():
            shown.append(await super().get(SHOWN_AS, content=False))
        return {**top, "content": shown}

    # what changes

    async def save(self, model: Model, path: str = "") -> Model:
        """Keep a file, or one piece of it; returns it without its content."""
        name = name_in_files(path)
        if name is None:
            return await super().save(model, path)
        if name == "":
            if model.get("type") != "directory":
                raise Refusal(409, "There is a folder of this name.")
            return await self._listing(content=False)
        with refusals():
            saved = await (await self._folder()).save(name, model)
        self.emit({"action": "save", "path": saved["path"]})
        return saved

    async def copy(self, from_path: str, to_path: str | None = None) -> Model:
        """Copy a file between disk and workspace, or anything on disk."""
        inside = [path for path in (from_path, to_path) if path is not None and name_in_files(path) is not None]
        if inside and await self.dir_exists(from_path):
            raise Refusal(400, "Folders cannot be copied here: the workspace's files have none.")
        return await super().copy(from_path, to_path)

    async def rename(self, old_path: str, new_path: str) -> None:
        """Give a file another name. Between disk and workspace nothing moves: what was imported needs its bytes."""
        old, new = name_in_files(old_path), name_in_files(new_path)
        if old is None and new is None:
            await super().rename(old_path, new_path)
            return
        if old == "" or new == "":
            raise Refusal(400, f"The name {FOLDER} belongs to the workspace's files.")
        if old is None or new is None:
            raise Refusal(400, "Files do not move into or out of the workspace's files: copy, then delete.")
        with refusals():
            await (await self._folder()).rename(old, new)
        self.emit({"action": "rename", "path": new_path, "source_path": old_path})

    async def delete(self, path: str) -> None:
        """Delete what the path names."""
        name = name_in_files(path)
        if name is None:
            await super().delete(path)
            return
        if name == "":
            raise Refusal(400, "The folder of the workspace's files stays; delete the files in it.")
        with refusals():
            await (await self._folder()).delete(name)
        self.emit({"action": "delete", "path": path})

    # what JupyterLab makes of an open file

    async def list_checkpoints(self, path: str) -> list[Model]:
        """Return none for a file of the workspace: each time that it is saved is a version."""
        return await super().list_checkpoints(path) if name_in_files(path) is None else []

    async def create_checkpoint(self, path: str) -> Model:
        """Copy nothing for a file of the workspace: its newest version is the checkpoint."""
        if name_in_files(path) is None:
            return await super().create_checkpoint(path)
        model = await self.get(path, content=False)
        return {"id": model["hash"], "last_modified": model["last_modified"]}

    async def restore_checkpoint(self, checkpoint_id: str, path: str) -> None:
        """Refuse for a file of the workspace."""
        if name_in_files(path) is not None:
            raise Refusal(400, "Earlier versions of the workspace's files can be downloaded, not brought back here.")
        await super().restore_checkpoint(checkpoint_id, path)

    async def delete_checkpoint(self, checkpoint_id: str, path: str) -> None:
        """Keep every version of a file of the workspace."""
        if name_in_files(path) is None:
            await super().delete_checkpoint(checkpoint_id, path)

    async def get_kernel_path(self, path: str, model: Model | None = None) -> str:
        """Return in which folder below the notebooks a kernel starts that belongs to the path."""
        if name_in_files(path) is not None:
            return ""
        return str(await super().get_kernel_path(path, model))

    # where they are

    def _top_changed(self) -> datetime:
        """When the top folder was changed."""
        raise NotImplementedError

    def _has_namesake(self) -> bool:
        """Whether there is something called `files` beside the workspace's files."""
        return False

    @property
    def _dataplane(self) -> DataPlane:
        return self.parent.web_app.settings["deita_dataplane"]

    async def _folder(self) -> FilesFolder:
        await self._dataplane.storing()
        if self._files is None:
            from .folder import FilesFolder

            self._files = FilesFolder(self._dataplane, self)
        return self._files


class WorkspaceContents(WithFiles, DiskNotebooks):
    """Notebooks on disk, by jupyter-server's own manager."""

    @default("checkpoints_class")
    def _default_checkpoints_class(self) -> type:
        return DiskCheckpoints

    @default("files_handler_class")
    def _default_files_handler_class(self) -> type:
        return ContentsFileHandler

    async def get_kernel_path(self, path: str, model: Model | None = None) -> str:
        """Return in which folder below the notebooks a kernel starts that belongs to the path."""
        return to_disk(await super().get_kernel_path(path, model), self.root_dir)

    def _top_changed(self) -> datetime:
        changed: datetime = self._base_model("")["last_modified"]
        return changed

    def _has_namesake(self) -> bool:
        return has_namesake(self.root_dir)


class BucketContents(WithFiles, BucketNotebooks):
    """Notebooks in the workspace's bucket."""

    @default("files_handler_class")
    def _default_files_handler_class(self) -> type:
        return BucketFileHandler

    @default("files_handler_params")
    def _default_files_handler_params(self) -> dict[str, str]:
        return {"path": self.root_dir}

    async def objects(self) -> Objects:
        """Return the workspace's keys."""
        await self._dataplane.storing()
        assert self._dataplane.objects is not None, "this manager is for workspaces in a bucket"
        return self._dataplane.objects

    def _top_changed(self) -> datetime:
        return BEGINNING
