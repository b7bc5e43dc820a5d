"""`/files/<path>`, where JupyterLab downloads from: files on disk, and the way to those of the workspace."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import AuthenticatedFileHandler
from jupyter_server.files.handlers import FilesHandler
from jupyter_server.utils import url_escape, url_path_join
from tornado.web import authenticated

from deita_server.routes import PREFIX

from .paths import name_in_files, to_disk


class ContentsFileHandler(AuthenticatedFileHandler):
    """The bytes of a file; for one of the workspace it redirects to the data plane, which knows ranges and versions."""

    @authenticated
    @authorized
    def get(self, path: str, **options: Any) -> Awaitable[None] | None:
        """Send the file, or where it is."""
        name = name_in_files(path)
        if name:
            self.redirect(url_path_join(self.base_url, PREFIX, "files", url_escape(name)))
            return None
        return super().get(path, **options)

    def parse_url_path(self, url_path: str) -> str:
        """Return the path below the notebooks' folder."""
        return str(super().parse_url_path(to_disk(url_path, self.root)))


class BucketFileHandler(FilesHandler):
    """The same where notebooks lie in a bucket."""

    @authenticated
    @authorized
    async def get(self, path: str, include_body: bool = True) -> None:
        """Send the file, or where it is."""
        name = name_in_files(path)
        if name:
            self.redirect(url_path_join(self.base_url, PREFIX, "files", url_escape(name)))
            return
        await super().get(path, include_body)
