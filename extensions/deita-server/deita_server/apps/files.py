"""Files that never change under their address: cached for good, compressed by their application."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from jupyter_server.base.handlers import FileFindHandler
from jupyter_server.utils import url_path_join

NO_MATHJAX = "data:text/javascript,MathJax=new%20Proxy(()=>{},{get:(a,b,c)=>c,apply:()=>{}});//"
"""A MathJax that does nothing: the default is a CDN's, and Voila asks for one even where nothing is to be set."""
_SHOWN = ("voila", "ipywidgets", "jupyterlab_widgets", "anywidget")


def assets_version() -> str:
    """Return what the address of the widgets' JavaScript changes with: the versions of the packages that bring it."""
    return "-".join(version(package) for package in _SHOWN)


def page_config(page: dict[str, Any], *, base_url: str, **_context: Any) -> dict[str, Any]:
    """Tell a page the versioned addresses of Voila's files; Voila calls it for warm pages as for others."""
    page["fullStaticUrl"] = url_path_join(base_url, "voila/static", assets_version())
    page["fullLabextensionsUrl"] = url_path_join(base_url, "voila/labextensions", assets_version())
    page["fullMathjaxUrl"] = NO_MATHJAX
    return page


class FrontEndFiles(FileFindHandler):
    """Voila's own JavaScript."""

    _static_paths: dict[
        str, str
    ] = {}  # the parent's cache goes by relative path alone, and is shared by all subclasses


class ExtensionFiles(FileFindHandler):
    """The JavaScript of the widget extensions."""

    _static_paths: dict[str, str] = {}


class ModuleFiles(FileFindHandler):
    """The front end of Deita's own apps.

    For everybody, like the rest of the static files: it holds no data, and a browser fetches modules in CORS mode, for
    which JupyterHub wants an XSRF header that no `import` can send.
    """

    _static_paths: dict[str, str] = {}
