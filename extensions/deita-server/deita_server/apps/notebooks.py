"""Where apps come from: notebooks in a few folders, read only, found by name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from tornado import web

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class AppNotebooks:
    """What Voila's renderer asks a contents manager for, over a list of folders; the first that has a name wins."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)

    def names(self) -> list[str]:
        """Return the names of all apps."""
        found = {path.stem for folder in self.folders for path in folder.glob("*.ipynb")}
        return sorted(name for name in found if _NAME.fullmatch(name))

    def find(self, path: str) -> Path | None:
        """Return the file of `<name>.ipynb`; None for whatever is not the plain name of an app."""
        name, dot, suffix = path.partition(".")
        if not _NAME.fullmatch(name) or dot + suffix != ".ipynb":
            return None
        return next((file for folder in self.folders if (file := folder / path).is_file()), None)

    async def get(self, path: str, **_options: Any) -> dict[str, Any]:
        """Return the notebook as Voila's renderer expects it; raises 404."""
        file = self.find(path)
        if file is None:
            raise web.HTTPError(404, "There is no such app.")
        content = await asyncio.to_thread(nbformat.read, file, as_version=4)
        return {"type": "notebook", "name": path, "path": path, "content": content}

    def file_exists(self, path: str) -> bool:
        """Say that pictures in Markdown are not inlined from here: they are served as files."""
        return False
