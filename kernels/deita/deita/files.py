"""Files of a workspace: bytes under a name, every version kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class File:
    """A file as it stands: `version` counts 1, 2, 3…, `sha256` is of its bytes, `size` in bytes, times UTC."""

    name: str
    size: int
    sha256: str
    media_type: str
    version: int
    created_at: str
    created_by: str

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> File:
        """Read the data plane's file shape; what it may say beyond this class is left out."""
        return cls(**{name: body.get(name) for name in cls.__dataclass_fields__})  # type: ignore[arg-type]
