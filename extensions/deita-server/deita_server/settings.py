"""What the hub tells this server: the only module that reads the `DEITA_*` environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

BUCKET = "s3://"
NAMES = "view/names"
"""The folder in which each file of the workspace has its name, below the workspace's."""
VIEW = f"../{NAMES}"
"""The same, seen from the notebooks: where their link `files` leads, so that kernels open files by path."""


@dataclass(frozen=True)
class Settings:
    """One person's server of one workspace: `storage` is its folder, `engine` the `DEITA_ENGINE_*` settings.

    `quota` is how many bytes the workspace's files may take; None is without limit. `database` is `sqlite` or
    `postgresql`; the login comes from the control plane, asked with the server's own `token`. `remote` is the `s3://`
    URL of a workspace whose files lie in a bucket: then `storage` holds what is local, and `cache_bytes` bounds what is
    kept of them there. `copies` is where copies of the SQLite files lie for a server that may only read, `mount` where
    stored bytes can be opened by path and `notebooks` where those of a bucket can; None where they cannot. With
    `metrics_token` the server's figures are read.
    """

    workspace_id: str
    slug: str
    name: str
    person: str
    role: str
    storage: Path
    public_url: str
    isolation: str
    lifeline: Path | None = None
    doors: Path | None = None
    egress: str = ""
    listener: int | None = None
    quota: int | None = None
    database: str = "sqlite"
    remote: str | None = None
    mount: Path | None = None
    notebooks: Path | None = None
    cache_bytes: int = 10 * 2**30
    copies: Path | None = None
    control_plane: str = ""
    token: str = field(default="", repr=False)
    metrics_token: str = field(default="", repr=False)
    engine: Mapping[str, str] = field(default_factory=dict)
    log_format: str = "text"

    @property
    def is_shared(self) -> bool:
        """Whether this is a dashboard server, which answers every viewer of the workspace."""
        return self.role == "viewer"

    @property
    def storage_kind(self) -> str:
        """How the workspace is stored: `folder` or `bucket`."""
        return "bucket" if self.remote else "folder"

    @property
    def mounts(self) -> Literal["bind", "fuse", "none"]:
        """How files can be opened by path: `bind` (they lie in a folder), `fuse` (a bucket is mounted), `none`."""
        return "none" if self.mount is None else "fuse" if self.remote else "bind"

    @property
    def names(self) -> Path:
        """The folder in which each file of the workspace has its name."""
        return self.storage / NAMES

    @property
    def spool(self) -> Path:
        """Where this person's results are; other members cannot read it."""
        return self.storage / "people" / self.person / "spool"

    @property
    def query_history(self) -> Path:
        """Where this person's queries and their receipts are remembered; other members cannot read it."""
        return self.storage / "people" / self.person / "history.sqlite"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, *, fallback: Path | None = None) -> Settings:
        """Read the variables of ARCHITECTURE.md.

        Without them (a plain `jupyter server`) it is the owner's workspace in `fallback`, so that installing the
        package never stops a server from starting.

        Raises ValueError for storage that is neither a folder nor a bucket, an unknown kind of database, and a number
        that is none.
        """
        slug = environment.get("DEITA_WORKSPACE") or "local"
        url = environment.get("DEITA_STORAGE_URL", "")
        return cls(
            workspace_id=environment.get("DEITA_WORKSPACE_ID") or slug,
            slug=slug,
            name=environment.get("DEITA_WORKSPACE_NAME") or slug,
            person=environment.get("DEITA_PERSON") or "me",
            role=environment.get("DEITA_ROLE") or "owner",
            storage=_local_folder(environment, url) if url else (fallback or Path.cwd() / ".deita"),
            remote=url.rstrip("/") if url.startswith(BUCKET) else None,
            mount=Path(mount) if (mount := environment.get("DEITA_MOUNT")) else None,
            notebooks=Path(notebooks) if (notebooks := environment.get("DEITA_NOTEBOOKS")) else None,
            cache_bytes=int(environment.get("DEITA_CACHE_BYTES") or 10 * 2**30),
            public_url=environment.get("DEITA_PUBLIC_URL", ""),
            isolation=environment.get("DEITA_ISOLATION") or "none",
            engine={name: value for name, value in environment.items() if name.startswith("DEITA_ENGINE_")},
            log_format=_one_of(environment, "DEITA_LOG_FORMAT", ("text", "json")),
            database=_one_of(environment, "DEITA_DATABASE", ("sqlite", "postgresql")),
            control_plane=environment.get("DEITA_CONTROL_PLANE", ""),
            token=environment.get("JUPYTERHUB_API_TOKEN", ""),
            metrics_token=environment.get("DEITA_METRICS_TOKEN", ""),
            quota=int(quota) if (quota := environment.get("DEITA_QUOTA_BYTES")) else None,
            copies=Path(copies) if (copies := environment.get("DEITA_COPIES")) else None,
            egress=environment.get("DEITA_EGRESS", ""),
            doors=Path(doors) if (doors := environment.get("DEITA_DOORS")) else None,
            listener=int(listener) if (listener := environment.get("DEITA_LISTENER")) else None,
            lifeline=Path(lifeline) if (lifeline := environment.get("DEITA_LIFELINE")) else None,
        )


def _one_of(environment: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    value = environment.get(name) or known[0]
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}")
    return value


def _local_folder(environment: Mapping[str, str], url: str) -> Path:
    if not url.startswith(BUCKET):
        return folder_of(url)
    local = environment.get("DEITA_LOCAL")
    if not local:
        raise ValueError("DEITA_LOCAL must name a folder when DEITA_STORAGE_URL is s3://")
    return Path(local)


def folder_of(url: str) -> Path:
    """Return the folder that a `file://` URL names; raises ValueError for another scheme."""
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise ValueError("DEITA_STORAGE_URL must begin with file:/// or s3://")
    return Path(unquote(parts.path))
