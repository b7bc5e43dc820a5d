"""The secrets that Deita makes for itself: one file each, refused when weak or readable by others."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from deita_hub.settings import Settings, SettingsError, secret_value

SHORTEST = 32
"""Characters. JupyterHub accepts API tokens of at most 64, so ours have 64 hexadecimal digits."""

SETTINGS = {
    "proxy_token": "DEITA_PROXY_TOKEN",
    "cookie_secret": "DEITA_COOKIE_SECRET",
    "service_token": "DEITA_SERVICE_TOKEN",
    "operator_token": "DEITA_OPERATOR_TOKEN",
    "session_secret": "DEITA_SESSION_SECRET",
}


@dataclass(frozen=True, repr=False)
class Secrets:
    """What the processes of the hub side know and nobody else."""

    proxy_token: str
    """Between hub and proxy."""
    cookie_secret: str
    """Signs the hub's cookies; 64 hexadecimal digits."""
    service_token: str
    """The control plane's at the hub: its API token and its OAuth client secret."""
    operator_token: str
    """`deita up` and the `deita` command line at the hub."""
    session_secret: str
    """Signs the home page's cookies."""


def load(settings: Settings) -> Secrets:
    """Read every secret, making the files that do not exist yet. Raises `SettingsError` naming the setting."""
    folder = settings.secrets_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        raise SettingsError("The folder DEITA_HOME/secrets may be entered by others: chmod 700 it.")
    values = {name: _one(settings, name, setting) for name, setting in SETTINGS.items()}
    try:
        bytes.fromhex(values["cookie_secret"])
    except ValueError as error:
        raise SettingsError("DEITA_COOKIE_SECRET must be hexadecimal digits.") from error
    return Secrets(**values)


def _one(settings: Settings, name: str, setting: str) -> str:
    value = secret_value(settings.environ, setting)
    if value is None:
        value = _from_file(settings.secrets_dir / name, setting)
    if not SHORTEST <= len(value) <= 64:
        raise SettingsError(f"{setting} must have {SHORTEST} to 64 characters.")
    return value


def _from_file(path: Path, setting: str) -> str:
    """Read the file, or make it. It is complete before it gets its name, so a crash leaves no empty secret."""
    if not path.exists():
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass  # another process of ours was first: its secret counts
        fresh.unlink()
    if path.stat().st_mode & 0o077:
        raise SettingsError(
            f"The file of {setting} (DEITA_HOME/secrets/{path.name}) may be read by others: chmod 600 it."
        )
    value = path.read_text(encoding="ascii", errors="replace").strip()
    if not value:
        raise SettingsError(
            f"The file of {setting} (DEITA_HOME/secrets/{path.name}) is empty: delete it to have it made anew."
        )
    return value
