"""Where the workspace server is, as seen from a browser: paths only, because page and server share one origin."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

_API = "deita/api/v1"
_VERSION = "version.txt"


def api_path() -> str:
    """Return the path of the data plane as the server told this kernel; empty outside of a workspace."""
    return urlsplit(os.environ.get("DEITA_API", "")).path.rstrip("/")


def workspace() -> str:
    """Return the workspace's slug; empty outside of a workspace."""
    return os.environ.get("DEITA_WORKSPACE", "")


def static_path(api: str) -> str:
    """Return the path of the front end; it changes with the front end, so that browsers may keep what is there."""
    return f"{api.removesuffix(_API)}deita/static/{static_version()}/"


def static_version() -> str:
    """Return the version of the built front end; `none` before it has been built."""
    for folder in (Path(sys.prefix, "share", "deita", "static"), Path(__file__).with_name("static")):
        if (file := folder / _VERSION).is_file():
            return file.read_text().strip()
    return "none"
