"""Notebooks on disk: jupyter-server's own manager, whose folder `files` is shown under another name."""

from __future__ import annotations

from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from jupyter_server.services.contents.fileio import FileManagerMixin

from .paths import to_disk


class DiskPaths(FileManagerMixin):
    """Finds paths on disk. It comes before the class that it adds to."""

    root_dir: str

    def _get_os_path(self, path: str) -> str:
        return str(super()._get_os_path(to_disk(path, self.root_dir)))


class DiskCheckpoints(DiskPaths, AsyncFileCheckpoints):
    """Checkpoints beside what they were made of."""
