"""The settings and the catalog, which the hub's parts share: handed around, not kept in a module global."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.orm import Session

from deita_hub.catalog.database import Catalog
from deita_hub.settings import Settings

KEY = "deita"
"""Under this name the place lies in tornado's settings."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class Place:
    """The installation that this process belongs to."""

    settings: Settings
    catalog: Catalog
    metrics_token: str = field(default="", repr=False)
    """What the tokens are made from with which servers' figures are read."""

    async def read(self, work: Callable[[Session], Value]) -> Value:
        """Look something up in the catalog, in a thread."""

        def run() -> Value:
            with self.catalog.read() as session:
                return work(session)

        return await asyncio.to_thread(run)

    async def write(self, work: Callable[[Session], Value]) -> Value:
        """Change something in the catalog, in a thread and one transaction."""

        def run() -> Value:
            with self.catalog.write() as session:
                return work(session)

        return await asyncio.to_thread(run)
