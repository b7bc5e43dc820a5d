"""What the contents API calls a model: a file or folder as JupyterLab wants it described."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from deita_server.errors import DeitaError

from .paths import FOLDER

if TYPE_CHECKING:
    from deita_server.services.files.models import File

Model = dict[str, Any]


def folder_model(last_modified: datetime, *, writable: bool) -> Model:
    """Return the folder of the workspace's files, without what is in it."""
    return {**_entry("", last_modified, writable=writable), "name": FOLDER, "path": FOLDER, "type": "directory"}


def file_model(file: File, *, writable: bool) -> Model:
    """Return a file without its bytes."""
    return _file_model(file, datetime.fromisoformat(file.created_at), writable)


def listed_models(files: list[File], *, writable: bool) -> list[Model]:
    """Return files as entries of their folder: their times stay texts, since nobody makes a header of them.

    Thousands may be listed, and turning times into JSON would take as long as everything else.
    """
    return [_file_model(file, file.created_at, writable) for file in files]


def _file_model(file: File, last_modified: datetime | str, writable: bool) -> Model:
    return {
        **_entry(file.name, last_modified, writable=writable),
        "size": file.size,
        "mimetype": file.media_type,
    }


def arriving_model(name: str, size: int) -> Model:
    """Return a file of which the first `size` bytes are here."""
    return {**_entry(name, datetime.now(UTC), writable=True), "size": size}


def _entry(name: str, last_modified: datetime | str, *, writable: bool) -> Model:
    return {
        "name": name,
        "path": f"{FOLDER}/{name}",
        "type": "file",
        "created": last_modified,
        "last_modified": last_modified,
        "size": None,
        "writable": writable,
        "mimetype": None,
        "content": None,
        "format": None,
        "hash": None,
        "hash_algorithm": None,
    }


def encoded(name: str, content: bytes, form: str | None) -> Model:
    """Return bytes as `content` and `format`: `text` or `base64`, without a wish whichever can hold them.

    Raises bad_request when text was wanted and the bytes are not UTF-8.
    """
    if form != "base64":
        try:
            return {"content": content.decode(), "format": "text"}
        except UnicodeDecodeError as error:
            if form == "text":
                raise DeitaError(
                    "bad_request",
                    f"{name} is not UTF-8 encoded text.",
                    hint="Import it to see it as a table, or download it.",
                ) from error
    return {"content": base64.b64encode(content).decode(), "format": "base64"}


def decoded(model: Model) -> bytes:
    """Return the bytes that a model brings; raises bad_request."""
    content, form = model.get("content"), model.get("format")
    if not isinstance(content, str) or form not in ("text", "base64"):
        raise DeitaError("bad_request", "A file needs its content, as text or as base64.")
    try:
        return content.encode() if form == "text" else base64.b64decode(content)
    except ValueError as error:
        raise DeitaError("bad_request", "The content is not what its format says.") from error
