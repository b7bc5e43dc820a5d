"""What reaches a workspace's storage and database where they lie elsewhere: from the server to the engine's processes.

It goes over the socket, first of all and again whenever it was renewed; never in arguments or an environment, where
other processes could look.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from .bucket_client import Keys
from .shapes import EngineError

Issued = dict[str, Any]
"""The broker's answer, `{"storage": {…}, "database": {…}}`; empty for folders, which need nothing."""
Access = Callable[[], Awaitable[Issued]]
"""Gives what is valid now; raises EngineError storage_unavailable."""
RENEW_S = 60.0
"""How often is looked whether something was renewed."""
POSTGRES_PORT = 5432


async def nothing() -> Issued:
    """What a folder needs."""
    return {}


def ports_of(issued: Issued) -> list[int]:
    """The TCP ports that are connected to; none for folders and files."""
    storage, database = issued.get("storage", {}), issued.get("database", {})
    ports = [Keys.of(storage).port] if storage.get("kind") == "sts" else []
    if database.get("kind") == "postgresql":
        ports.append(urlsplit(database["url"]).port or POSTGRES_PORT)
    return ports


async def keep_given(access: Access, give: Callable[[Issued], None], is_alive: Callable[[], bool]) -> None:
    """Give a process what was renewed while it lives: what runs in it may outlast what it got first."""
    while is_alive():
        await asyncio.sleep(RENEW_S)
        with contextlib.suppress(EngineError):
            give(await access())
