"""The settings of the hub side: the one place that reads the environment.

`deita up` reads what its user set and hands the same settings on to its children (`Settings.environment`), together
with the internal ports that it chose. Nothing below this module looks at `os.environ` for a setting.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlparse

OWNER = "me"
"""The local owner: who opens the link that `deita up` prints."""

SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class SettingsError(Exception):
    """A setting that cannot be used: the message names the setting, never its value when that is a secret."""


@dataclass(frozen=True)
class Ports:
    """Where the processes listen on 127.0.0.1; only `public` is for people, 0 means not chosen yet."""

    public: int = 8000
    hub: int = 0
    proxy_api: int = 0
    service: int = 0


@dataclass(frozen=True)
class Settings:
    """Everything that the hub side can be told from outside."""

    home: Path
    ports: Ports
    database_url: str
    storage: Path
    trust_everyone: bool = False
    node: str | None = None
    proxy: str | None = None
    samples: bool = True
    quota_bytes: int | None = None
    server_command: tuple[str, ...] = field(default_factory=lambda: (sys.executable, "-m", "deita_server"))
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def public_url(self) -> str:
        """Where people reach Deita, without a slash at the end."""
        return f"http://127.0.0.1:{self.ports.public}"

    @property
    def hub_api_url(self) -> str:
        """JupyterHub's REST API, reached without the proxy."""
        return f"http://127.0.0.1:{self.ports.hub}/hub/api"

    @property
    def secrets_dir(self) -> Path:
        """Where the secrets lie that Deita made for itself."""
        return self.home / "secrets"

    @property
    def logs_dir(self) -> Path:
        """Where every process writes its log."""
        return self.home / "logs"

    @property
    def lifeline(self) -> Path:
        """The lock that `deita up` holds while it lives."""
        return self.home / "lifeline.lock"

    @property
    def state_file(self) -> Path:
        """What other `deita` commands read to find the running Deita."""
        return self.home / "up.json"

    @property
    def servers_dir(self) -> Path:
        """One small file per running workspace server, so that `deita up` can end what is left."""
        return self.home / "run" / "servers"

    def server_log(self, person: str, slug: str) -> Path:
        """The log of one workspace server; names never hold two hyphens in a row, so the file name is unambiguous."""
        return self.logs_dir / "servers" / f"{person}--{slug}.log"

    def environment(self) -> dict[str, str]:
        """What a child process of `deita up` needs to read the same settings."""
        values = {
            "DEITA_HOME": str(self.home),
            "DEITA_PORT": str(self.ports.public),
            "DEITA_HUB_PORT": str(self.ports.hub),
            "DEITA_PROXY_API_PORT": str(self.ports.proxy_api),
            "DEITA_SERVICE_PORT": str(self.ports.service),
            "DEITA_DATABASE_URL": self.database_url,
            "DEITA_STORAGE": self.storage.as_uri(),
            "DEITA_TRUST_EVERYONE": "1" if self.trust_everyone else "0",
            "DEITA_SAMPLES": "1" if self.samples else "0",
            "DEITA_QUOTA_BYTES": "" if self.quota_bytes is None else str(self.quota_bytes),
            "DEITA_SERVER_COMMAND": json.dumps(self.server_command),
        }
        return {**self.environ, **values}


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of this process. Raises `SettingsError` naming the setting that cannot be used."""
    source = dict(os.environ if environ is None else environ)
    home = Path(source.get("DEITA_HOME") or ".deita").expanduser().absolute()
    return Settings(
        home=home,
        ports=Ports(
            public=_port(source, "DEITA_PORT", 8000),
            hub=_port(source, "DEITA_HUB_PORT", 0),
            proxy_api=_port(source, "DEITA_PROXY_API_PORT", 0),
            service=_port(source, "DEITA_SERVICE_PORT", 0),
        ),
        database_url=_database_url(secret_value(source, "DEITA_DATABASE_URL"), home),
        storage=_storage(source.get("DEITA_STORAGE"), home),
        trust_everyone=_switch(source, "DEITA_TRUST_EVERYONE", False),
        samples=_switch(source, "DEITA_SAMPLES", True),
        quota_bytes=_count(source, "DEITA_QUOTA_BYTES"),
        node=source.get("DEITA_NODE") or None,
        proxy=source.get("DEITA_PROXY") or None,
        server_command=_command(source.get("DEITA_SERVER_COMMAND")),
        environ=source,
    )


def secret_value(source: Mapping[str, str], name: str) -> str | None:
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


def _port(source: Mapping[str, str], name: str, default: int) -> int:
    text = source.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise SettingsError(f"{name} must be a port number from 1 to 65535.")
    return int(text)


def _count(source: Mapping[str, str], name: str) -> int | None:
    text = source.get(name, "").strip()
    if text and not (text.isascii() and text.isdigit()):
        raise SettingsError(f"{name} must be a number of bytes, or empty for no limit.")
    return int(text) if text else None


def _switch(source: Mapping[str, str], name: str, default: bool) -> bool:
    text = source.get(name, "").strip().lower()
    if not text:
        return default
    if text not in SWITCH:
        raise SettingsError(f"{name} must be 1 or 0.")
    return SWITCH[text]


def _database_url(value: str | None, home: Path) -> str:
    if value is None:
        return f"sqlite:///{home / 'catalog.sqlite'}"
    prefix, path = "sqlite:///", value.removeprefix("sqlite:///")
    if not value.startswith(prefix) or not path or path == ":memory:":
        raise SettingsError("DEITA_DATABASE_URL: only sqlite:///path/to/file is supported in this version.")
    return value


def _storage(value: str | None, home: Path) -> Path:
    if not value:
        return home / "storage"
    parts = urlparse(value)
    if parts.scheme == "s3":
        raise SettingsError("DEITA_STORAGE: s3:// is not supported in this version; use file:///path/to/folder.")
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise SettingsError("DEITA_STORAGE must be file:///path/to/folder.")
    return Path(unquote(parts.path))


def _command(value: str | None) -> tuple[str, ...]:
    if not value:
        return (sys.executable, "-m", "deita_server")
    if value.lstrip().startswith("["):
        try:
            parts = json.loads(value)
        except ValueError as error:
            raise SettingsError("DEITA_SERVER_COMMAND is not valid JSON.") from error
        if not parts or not all(isinstance(part, str) for part in parts):
            raise SettingsError("DEITA_SERVER_COMMAND must be a list of words.")
        return tuple(parts)
    return tuple(shlex.split(value))
