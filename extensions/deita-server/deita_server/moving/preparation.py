"""Makes the empty tables of a workspace in PostgreSQL, as a server and an engine would at their first start."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deita_engine.bucket_files import KeyRing, lake_files
from deita_engine.postgres_metadata import PostgresMetadata
from deita_engine.settings import open_instance

from deita_server.database.database import Database
from deita_server.database.login import Login
from deita_server.database.postgres import PostgresBackend

MEMORY = 256 * 2**20


async def prepare(folder: Path, remote: str | None, issued: Callable[[], dict[str, Any]], *, with_lake: bool) -> None:
    """Make the workspace database's tables and, where there is a lake, DuckLake's."""

    async def login() -> Login:
        return Login.of(issued()["database"])

    database = Database(PostgresBackend(login))
    try:
        await database.prepare()
        database.open()
    finally:
        database.close()
    if with_lake:
        _make_lake(folder, remote, issued())


def _make_lake(folder: Path, remote: str | None, issued: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory(prefix="deita-migrate-") as temporary:
        keys = KeyRing()
        keys.take(issued["storage"])
        files = lake_files(remote, folder, keys)
        metadata = PostgresMetadata()
        metadata.take(issued["database"])
        with open_instance(Path(temporary), MEMORY, 1) as connection:
            files.prepare(connection)
            metadata.attach(connection, files.root)
