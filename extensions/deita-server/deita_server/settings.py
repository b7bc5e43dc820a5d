"""What the hub tells this server: the only module that reads the `DEITA_*` environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Settings:
    """One person's server of one workspace: `storage` is its folder, `engine` the `DEITA_ENGINE_*` settings.

    `quota` is how many bytes the workspace's files may take; None is without limit.
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
    quota: int | None = None
    engine: Mapping[str, str] = field(default_factory=dict)

    @property
    def storage_kind(self) -> str:
        """How the workspace is stored; only folders exist so far."""
        return "folder"

    @property
    def spool(self) -> Path:
        """Where this person's results are; other members cannot read it."""
        return self.storage / "people" / self.person / "spool"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, *, fallback: Path | None = None) -> Settings:
        """Read the variables of ARCHITECTURE.md.

        Without them (a plain `jupyter server`) it is the owner's workspace in `fallback`, so that installing the
        package never stops a server from starting.

        Raises ValueError for storage that is not a folder and a quota that is no number.
        """
        slug = environment.get("DEITA_WORKSPACE") or "local"
        url = environment.get("DEITA_STORAGE_URL", "")
        return cls(
            workspace_id=environment.get("DEITA_WORKSPACE_ID") or slug,
            slug=slug,
            name=environment.get("DEITA_WORKSPACE_NAME") or slug,
            person=environment.get("DEITA_PERSON") or "me",
            role=environment.get("DEITA_ROLE") or "owner",
            storage=folder_of(url) if url else (fallback or Path.cwd() / ".deita"),
            public_url=environment.get("DEITA_PUBLIC_URL", ""),
            isolation=environment.get("DEITA_ISOLATION") or "none",
            engine={name: value for name, value in environment.items() if name.startswith("DEITA_ENGINE_")},
            quota=int(quota) if (quota := environment.get("DEITA_QUOTA_BYTES")) else None,
            lifeline=Path(lifeline) if (lifeline := environment.get("DEITA_LIFELINE")) else None,
        )


def folder_of(url: str) -> Path:
    """Return the folder that a `file://` URL names; raises ValueError for another scheme."""
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise ValueError("DEITA_STORAGE_URL must begin with file:///")
    return Path(unquote(parts.path))
