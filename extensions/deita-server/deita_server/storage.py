"""What the workspace is stored in as this server reaches it: folder or bucket, SQLite or PostgreSQL, and its engine."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from deita_engine.access import Access, nothing
from deita_engine.client import Engine, EngineConfig, Watch
from deita_engine.shapes import EngineError
from deita_engine.store import FolderStore, Store

from .errors import DeitaError
from .settings import Settings

if TYPE_CHECKING:
    from deita_engine.bucket_client import Keys
    from deita_engine.objects import Objects

    from .credentials import Credentials, Issued
    from .database.database import Backend

RENEWAL_S = 25.0


async def opened(settings: Settings, credentials: Credentials) -> tuple[Store, Objects | None]:
    """Return the store of uploaded bytes and, of a bucket, what lies beside them there.

    Both are for threads: where they need new credentials, the loop that runs now fetches them.
    """
    if settings.remote is None:
        return await asyncio.to_thread(FolderStore, settings.storage), None
    return await asyncio.to_thread(_in_bucket, settings, credentials, asyncio.get_running_loop())


def _in_bucket(
    settings: Settings, credentials: Credentials, loop: asyncio.AbstractEventLoop
) -> tuple[Store, Objects | None]:
    from deita_engine.bucket_client import Keys
    from deita_engine.bucket_store import BucketStore
    from deita_engine.file_cache import FileCache
    from deita_engine.objects import Objects

    def keys() -> Keys:
        return Keys.of(asyncio.run_coroutine_threadsafe(credentials.get(), loop).result(RENEWAL_S).storage)

    assert settings.remote is not None
    objects = Objects(settings.remote, keys)
    with contextlib.suppress(DeitaError):  # whoever needs the store will be told
        objects.warm()
    cache = FileCache(settings.storage / "cache", settings.cache_bytes)
    return BucketStore(objects, cache), objects


def database_backend(settings: Settings, credentials: Credentials) -> Backend:
    """Return the kind of database that the workspace has."""
    if settings.database == "sqlite":
        from .database.sqlite import FILE, SqliteBackend, SqliteCopies

        return SqliteCopies(settings.copies / FILE) if settings.copies else SqliteBackend(settings.storage / FILE)
    from .database.login import Login
    from .database.postgres import PostgresBackend

    async def login() -> Login:
        return Login.of((await credentials.get()).database)

    return PostgresBackend(login)


def engine_of(settings: Settings, credentials: Credentials, watch: Watch) -> Engine:
    """Return the engine, which starts when it is first asked; `watch` is told what is over."""
    config = EngineConfig.from_env(
        settings.storage,
        settings.spool,
        {**settings.engine, "DEITA_ENGINE_LOG_FORMAT": settings.log_format},
        remote=settings.remote,
        read_only=settings.role not in ("owner", "editor"),
        copies=settings.copies,
        cache_bytes=settings.cache_bytes,
    )
    return Engine(config, _access_of(settings, credentials), watch)


def _access_of(settings: Settings, credentials: Credentials) -> Access:
    """Return what gives the engine's processes the credentials that they need."""

    async def access() -> dict[str, Any]:
        try:
            issued: Issued = await credentials.get()
        except DeitaError as error:
            raise EngineError(error.code, error.message, error.hint) from error
        return {"storage": issued.storage, "database": issued.database}

    return nothing if settings.remote is None and settings.database == "sqlite" else access
