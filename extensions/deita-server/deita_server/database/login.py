"""A login at PostgreSQL that the control plane made for this server, for an hour at most."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Login:
    """The URL holds the password; `schema` has the workspace database, `lake_schema` the lake's catalog."""

    url: str = field(repr=False)
    schema: str
    lake_schema: str

    @classmethod
    def of(cls, issued: dict[str, Any]) -> Login:
        """What the control plane issued as `database`."""
        return cls(issued["url"], issued["schema"], issued["lake_schema"])
