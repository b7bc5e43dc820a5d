"""The secrets that Deita makes for itself: one file each, refused when weak or readable by others."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from deita_hub.setting_values import secret
from deita_hub.settings import Settings, SettingsError

SHORTEST, LONGEST = 32, 64
"""Characters. JupyterHub accepts API tokens of at most 64, so ours have 64 hexadecimal digits."""
LEAST_DIFFERENT = 8
"""Different characters: 32 hexadecimal digits by chance have fewer once in thirty million times."""

SETTINGS = {
    "proxy_token": "DEITA_PROXY_TOKEN",
    "cookie_secret": "DEITA_COOKIE_SECRET",
    "service_token": "DEITA_SERVICE_TOKEN",
    "operator_token": "DEITA_OPERATOR_TOKEN",
    "session_secret": "DEITA_SESSION_SECRET",
    "connections_key": "DEITA_CONNECTIONS_KEY",
    "metrics_token": "DEITA_METRICS_TOKEN",
}
HEXADECIMAL = {"cookie_secret": (SHORTEST, LONGEST), "connections_key": (64, 64)}
"""Secrets that are bytes, with how many digits they may have."""
BEFORE = "connections_key.before"
"""The file of the key that a rotation is replacing."""
EVERY = {**SETTINGS, "backup_password": "DEITA_BACKUP_PASSWORD"}


@dataclass(frozen=True)
class Known:
    """What may be told of a secret: where it comes from, its age in days (None: unknown), what is wrong with it."""

    name: str
    source: str
    age_days: float | None
    problem: str | None


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
    connections_key: str
    """Seals the passwords of connections; 64 hexadecimal digits."""
    metrics_token: str
    """Whoever watches over Deita reads its figures with it, and nothing else."""
    connections_key_before: str | None = None
    """The one before, while a rotation is not finished."""


def load(settings: Settings) -> Secrets:
    """Read every secret, making the files that do not exist yet. Raises `SettingsError` naming the setting."""
    folder = settings.secrets_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        raise SettingsError("The folder DEITA_HOME/secrets may be entered by others: chmod 700 it.")
    values = {name: _one(settings, name, setting) for name, setting in SETTINGS.items()}
    before = folder / BEFORE
    old = _from_file(before, "DEITA_CONNECTIONS_KEY") if before.exists() else None
    return Secrets(**values, connections_key_before=old)


def backup_password(settings: Settings, *, make: bool) -> str:
    """What backups are encrypted with, made if there is none and `make` says so. Raises `SettingsError`."""
    path = settings.secrets_dir / "backup_password"
    if secret(settings.environ, EVERY["backup_password"]) is None and not path.exists() and not make:
        raise SettingsError("Set DEITA_BACKUP_PASSWORD_FILE to what the backups were encrypted with.")
    settings.secrets_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _one(settings, "backup_password", EVERY["backup_password"])


def look(settings: Settings) -> list[Known]:
    """What is known of each secret, made or not, the one of backups included; problems are named, not raised."""
    return [_look(settings, name, setting) for name, setting in EVERY.items()]


def rotate(settings: Settings, name: str, value: str | None = None) -> None:
    """Put a new secret in the place of one that Deita made. Raises `SettingsError` for one that a setting gives."""
    setting = EVERY[name]
    if given := _given_by(settings, setting):
        raise SettingsError(f"{given} gives this secret: change it there.")
    path = settings.secrets_dir / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(path, value or made()).replace(path)


def rotate_keeping_before(settings: Settings, name: str) -> None:
    """As `rotate`; the one before stays beside it (`BEFORE`) for what it sealed. Raises `SettingsError`."""
    path, before = settings.secrets_dir / name, settings.secrets_dir / BEFORE
    if path.exists() and not before.exists() and not _given_by(settings, EVERY[name]):
        _write(before, _from_file(path, EVERY[name])).replace(before)
    rotate(settings, name)


def forget_before(settings: Settings) -> None:
    """What the one before had sealed is sealed anew."""
    (settings.secrets_dir / BEFORE).unlink(missing_ok=True)


def _look(settings: Settings, name: str, setting: str) -> Known:
    given, path = _given_by(settings, setting), settings.secrets_dir / name
    file = Path(settings.environ[given]) if given and given.endswith("_FILE") else None if given else path
    problem, age = None, None
    try:
        if file is not None:
            age = (time.time() - file.stat().st_mtime) / 86400
        _one(settings, name, setting)
    except FileNotFoundError:
        problem = None if file == path else f"The file that {given} names is not there."
    except SettingsError as error:
        problem = str(error)
    return Known(name, given or ("made by Deita" if path.exists() else "not made yet"), age, problem)


def _given_by(settings: Settings, setting: str) -> str | None:
    return next((each for each in (setting, f"{setting}_FILE") if settings.environ.get(each)), None)


def _one(settings: Settings, name: str, setting: str) -> str:
    value = secret(settings.environ, setting)
    if value is None:
        value = _from_file(settings.secrets_dir / name, setting)
    if not SHORTEST <= len(value) <= LONGEST:
        raise SettingsError(f"{setting} must have {SHORTEST} to {LONGEST} characters.")
    if len(set(value)) < LEAST_DIFFERENT:
        raise SettingsError(f"{setting} is easy to guess: `openssl rand -hex 32` makes a good one.")
    if name in HEXADECIMAL:
        _check_digits(value, setting, *HEXADECIMAL[name])
    return value


def _check_digits(value: str, setting: str, shortest: int, longest: int) -> None:
    try:
        bytes.fromhex(value)
    except ValueError as error:
        raise SettingsError(f"{setting} must be hexadecimal digits.") from error
    if not shortest <= len(value) <= longest:
        raise SettingsError(f"{setting} must have {shortest} hexadecimal digits: `openssl rand -hex 32` makes them.")


def _from_file(path: Path, setting: str) -> str:
    """Read the file, or make it. It is complete before it gets its name, so a crash leaves no empty secret."""
    if not path.exists():
        fresh = _write(path, made())
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


def made() -> str:
    """A fresh secret."""
    return secrets.token_hex(32)


def _write(path: Path, value: str) -> Path:
    """A secret in a file beside the one that it is for."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(value)
        file.flush()
        os.fsync(file.fileno())
    return fresh
