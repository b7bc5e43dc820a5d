"""Notebooks on disk: jupyter-server's own manager, whose folder `files` is shown under another name."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from deita_engine.disk import is_full, no_space
from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from jupyter_server.services.contents.fileio import FileManagerMixin, path_to_intermediate
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado import web

from .models import Model
from .paths import to_disk
from .refusals import refusals


@contextlib.contextmanager
def written_beside(target: Path, text: bool = True, encoding: str = "utf-8") -> Iterator[IO[Any]]:
    """A file beside the target that takes its place, durable, unless the block raises."""
    beside = Path(path_to_intermediate(str(target)))
    options: dict[str, Any] = {"mode": "w", "encoding": encoding, "newline": "\n"} if text else {"mode": "wb"}
    try:
        with beside.open(**options) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(target, beside)
        beside.replace(target)
    except BaseException:  # whatever ended it, what it left goes first
        beside.unlink(missing_ok=True)
        raise


class DiskPaths(FileManagerMixin):
    """Finds paths on disk. It comes before the class that it adds to."""

    root_dir: str

    def _get_os_path(self, path: str) -> str:
        return str(super()._get_os_path(to_disk(path, self.root_dir)))

    @contextlib.contextmanager
    def atomic_writing(self, os_path: str, *given: Any, **options: Any) -> Iterator[IO[Any]]:
        """Write a file whole or not at all. jupyter-server writes over the old one and keeps a copy meanwhile, which on
        a full disk is cut off like everything else.
        """
        target = Path(os.path.realpath(os_path))
        if not os.access(target.parent, os.W_OK):  # the file itself may be writable
            with super().atomic_writing(os_path, *given, **options) as file:
                yield file
            return
        with self.perm_to_403(os_path), written_beside(target, *given, **options) as file:
            yield file


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
