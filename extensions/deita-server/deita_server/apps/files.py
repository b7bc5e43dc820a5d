"""Files that never change under their address: cached for good, compressed by their application."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from jupyter_server.base.handlers import FileFindHandler
from tornado.web import authenticated

_SHOWN = ("voila", "ipywidgets", "jupyterlab_widgets", "anywidget")


def assets_version() -> str:
    """Return what the address of the widgets' JavaScript changes with: the versions of the packages that bring it."""
    return "-".join(version(package) for package in _SHOWN)


class FrontEndFiles(FileFindHandler):
    """Voila's own JavaScript."""

    _static_paths: dict[
        str, str
    ] = {}  # the parent's cache goes by relative path alone, and is shared by all subclasses


class ExtensionFiles(FileFindHandler):
    """The JavaScript of the widget extensions."""

    _static_paths: dict[str, str] = {}


class ModuleFiles(FileFindHandler):
    """The front end of Deita's own apps, for people who are signed in."""

    _static_paths: dict[str, str] = {}

    @authenticated
    def get(self, path: str, include_body: bool = True) -> Any:
        """Send a file."""
        return super().get(path, include_body)

    @authenticated
    def head(self, path: str) -> Any:
        """Send a file's headers."""
        return super().head(path)
