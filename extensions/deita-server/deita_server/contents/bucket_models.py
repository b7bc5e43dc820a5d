"""How a key of the bucket is called and described in the contents API."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from mimetypes import guess_type
from typing import TYPE_CHECKING, Any

from tornado import web

from .models import Model

if TYPE_CHECKING:
    from deita_engine.objects import Found

NOTEBOOKS = "notebooks/"
CHECKPOINTS = "checkpoints/"
FOLDER_MARK = ".folder"
"""The key that keeps a folder in which nothing is."""
BEGINNING = datetime.fromtimestamp(0, UTC)
LONGEST_KEY = 900
"""Bytes; S3 allows 1,024 with the workspace's prefix."""


def key_of(path: str, below: str = NOTEBOOKS) -> str:
    """The key of a path of the contents API; raises 400 for one that no key can have."""
    parts = path.strip("/").split("/") if path.strip("/") else []
    for part in parts:
        if part in ("", ".", "..") or any(ord(letter) < 32 for letter in part) or "\\" in part:
            raise web.HTTPError(400, "This is no name for a file.")
    if len(path.encode("utf-8", "replace")) > LONGEST_KEY:
        raise web.HTTPError(400, "This name is too long.")
    return below + "/".join(parts)


def is_hidden_name(path: str) -> bool:
    """Whether a part of the path begins with a dot."""
    return any(part.startswith(".") for part in path.strip("/").split("/"))


def directory_model(path: str) -> Model:
    """A folder without what is in it. Keys know no time at which a folder was made."""
    return _model(path, "directory", BEGINNING)


def notebook_model(path: str, found: Found, notebook: Any = None) -> Model:
    """A notebook, with its content if it is given."""
    form = "json" if notebook is not None else None
    return {**_model(path, "notebook", found.modified), "size": found.size, "content": notebook, "format": form}


def file_model(path: str, found: Found, body: bytes | None = None, form: str | None = None) -> Model:
    """A file, with its bytes if they are given: as text where they are some, unless base64 is wanted."""
    model = {**_model(path, "file", found.modified), "size": found.size, "mimetype": guess_type(path)[0]}
    if body is None:
        return model
    if form != "base64":
        try:
            text = {"content": body.decode(), "format": "text", "mimetype": model["mimetype"] or "text/plain"}
            return {**model, **text}
        except UnicodeDecodeError as error:
            if form == "text":
                raise web.HTTPError(400, f"{path} is not UTF-8 encoded text.") from error
    binary = {"content": base64.b64encode(body).decode(), "format": "base64"}
    return {**model, **binary, "mimetype": model["mimetype"] or "application/octet-stream"}


def _model(path: str, kind: str, modified: datetime) -> Model:
    path = path.strip("/")
    return {
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "type": kind,
        "created": modified,
        "last_modified": modified,
        "size": None,
        "writable": True,
        "mimetype": None,
        "content": None,
        "format": None,
        "hash": None,
        "hash_algorithm": None,
    }
