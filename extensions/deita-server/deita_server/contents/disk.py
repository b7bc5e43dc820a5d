"""Notebooks on disk: jupyter-server's own manager, whose folder `files` is shown under another name."""

from __future__ import annotations

from deita_engine.disk import is_full, no_space
from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from jupyter_server.services.contents.fileio import FileManagerMixin
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado import web

from .models import Model
from .paths import to_disk
from .refusals import refusals


class DiskPaths(FileManagerMixin):
    """Finds paths on disk. It comes before the class that it adds to."""

    root_dir: str

    def _get_os_path(self, path: str) -> str:
        return str(super()._get_os_path(to_disk(path, self.root_dir)))


class DiskNotebooks(DiskPaths, AsyncLargeFileManager):
    """Notebooks on disk, which say so when there is no room for them."""

    async def save(self, model: Model, path: str = "") -> Model:
        """Keep a notebook, file or folder, or one piece of it; returns it without its content."""
        try:
            saved: Model = await super().save(model, path)
        except web.HTTPError as error:
            if error.__cause__ is None or not is_full(error.__cause__):
                raise
            with refusals():
                raise no_space() from error
        return saved


class DiskCheckpoints(DiskPaths, AsyncFileCheckpoints):
    """Checkpoints beside what they were made of."""
