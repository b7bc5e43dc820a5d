"""Reading single settings: what each kind looks like, and what is said about one that cannot be used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class SettingsError(Exception):
    """A setting that cannot be used: the message names the setting, never its value when that is a secret."""


def secret(source: Mapping[str, str], name: str) -> str | None:
    """A secret setting given as `NAME` or as the path `NAME_FILE`; None when neither is set.

    Raises `SettingsError` when both are set, when the file cannot be read or may be read by everybody.
    """
    direct, path = source.get(name), source.get(f"{name}_FILE")
    if direct and path:
        raise SettingsError(f"Set either {name} or {name}_FILE, not both.")
    if not path:
        return direct or None
    file = Path(path)
    try:
        if file.stat().st_mode & 0o007:
            raise SettingsError(f"The file that {name}_FILE names may be read by everybody: chmod o= it.")
        value = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"The file that {name}_FILE names cannot be read: {error.strerror}.") from error
    if not value:
        raise SettingsError(f"The file that {name}_FILE names is empty.")
    return value


def port(source: Mapping[str, str], name: str, default: int) -> int:
    """A port number, 0 where it is chosen at the start. Raises `SettingsError`."""
    text = source.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise SettingsError(f"{name} must be a port number from 1 to 65535.")
    return int(text)


def count(source: Mapping[str, str], name: str, of: str) -> int | None:
    """A whole number of something, None without limit. Raises `SettingsError`."""
    text = source.get(name, "").strip()
    if text and not (text.isascii() and text.isdigit()):
        raise SettingsError(f"{name} must be a number of {of}, or empty.")
    return int(text) if text else None


def one_of(source: Mapping[str, str], name: str, words: tuple[str, ...]) -> str:
    """One of these words, the first one when nothing is set. Raises `SettingsError`."""
    text = source.get(name, "").strip().lower() or words[0]
    if text not in words:
        raise SettingsError(f"{name} must be one of {', '.join(words)}.")
    return text


def paths(source: Mapping[str, str], name: str) -> tuple[Path, ...]:
    """Absolute paths with `:` between them. Raises `SettingsError`."""
    paths = tuple(Path(text) for text in source.get(name, "").split(os.pathsep) if text)
    if not all(path.is_absolute() for path in paths):
        raise SettingsError(f"{name} must be absolute paths with `{os.pathsep}` between them.")
    return paths


def switch(source: Mapping[str, str], name: str, default: bool) -> bool:
    """A yes or no. Raises `SettingsError`."""
    text = source.get(name, "").strip().lower()
    if not text:
        return default
    if text not in SWITCH:
        raise SettingsError(f"{name} must be 1 or 0.")
    return SWITCH[text]
