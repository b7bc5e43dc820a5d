"""The settings that say where something is: database, workspaces, the program of a workspace server."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlparse

from deita_hub import database_urls
from deita_hub import setting_values as read
from deita_hub.object_storage import ObjectStorage, object_storage
from deita_hub.setting_values import SettingsError
from deita_hub.spawning.settings import SpawnerSettings

SERVER_COMMAND = (sys.executable, "-P", "-m", "deita_server")
"""`-P`: it starts in the workspace's folder, where a member's file must not stand in for a module."""


def database_url(value: str | None, home: Path) -> str:
    """SQLAlchemy's address of the database; a file in DEITA_HOME unless it is set. Raises `SettingsError`."""
    if value is None:
        return f"sqlite:///{home / 'catalog.sqlite'}"
    prefix, path = "sqlite:///", value.removeprefix("sqlite:///")
    if value.startswith(prefix) and path and path != ":memory:":
        return value
    try:
        return database_urls.normalised(value)
    except ValueError:
        message = "DEITA_DATABASE_URL must be sqlite:///path/to/file or postgresql://user:password@host/database."
        raise SettingsError(message) from None  # the cause holds the value


def storage(value: str | None, home: Path) -> Path:
    """The folder of the workspaces, or with a bucket of what servers need beside it. Raises `SettingsError`."""
    if not value:
        return home / "storage"
    parts = urlparse(value)
    if parts.scheme == "s3":
        return home / "local"
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise SettingsError("DEITA_STORAGE must be file:///path/to/folder or s3://bucket/prefix.")
    return Path(unquote(parts.path))


def objects(source: Mapping[str, str]) -> ObjectStorage | None:
    """The bucket of the workspaces, None for folders. Raises `SettingsError`."""
    url = source.get("DEITA_STORAGE") or ""
    if not url.startswith("s3://"):
        return None
    secrets = {name: read.secret(source, name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    try:
        return object_storage(url, source, secrets)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def command(value: str | None, spawner: SpawnerSettings) -> tuple[str, ...]:
    """What starts a workspace server: words, as JSON or as a shell would read them. Raises `SettingsError`."""
    if not value:
        return ("python", *SERVER_COMMAND[1:]) if spawner.in_image else SERVER_COMMAND
    if value.lstrip().startswith("["):
        try:
            parts = json.loads(value)
        except ValueError as error:
            raise SettingsError("DEITA_SERVER_COMMAND is not valid JSON.") from error
        if not parts or not all(isinstance(part, str) for part in parts):
            raise SettingsError("DEITA_SERVER_COMMAND must be a list of words.")
        return tuple(parts)
    return tuple(shlex.split(value))
