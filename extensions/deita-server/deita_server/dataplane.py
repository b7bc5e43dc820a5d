"""One workspace as this server sees it: engine, database and managers, each made when a request first needs it.

Three steps, because they cost differently: `querying` imports the engine's client and pydantic; `storing` adds
SQLAlchemy and opens the database; `importing` also asks the engine what happened while nobody wrote it down.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from .errors import DeitaError
from .presence import Presence
from .settings import Settings

if TYPE_CHECKING:
    from logging import Logger

    from deita_engine.client import Engine

    from .database.database import Database
    from .services.files.manager import FilesManager
    from .services.imports.manager import ImportsManager
    from .services.imports.previews import Previews
    from .services.queries.manager import QueriesManager
    from .services.tables.history import History
    from .services.tables.manager import TablesManager
    from .services.tables.profiles import Profiles
    from .services.tables.versions import Versions
    from .services.uploads.manager import UploadsManager

QUERYING = ("deita_engine.client", "deita_server.services.queries.manager", "deita_server.services.tables.manager")
STORING = (
    "deita_server.database.database",
    "deita_server.services.files.manager",
    "deita_server.services.imports.manager",
    "deita_server.services.uploads.manager",
)


class Limits(Protocol):
    """The extension's configuration, as far as the managers need it."""

    max_upload_bytes: int
    upload_lifetime: float
    max_queries: int
    max_spool_bytes: int
    result_lifetime: float
    max_imports: int
    max_previews: int
    review_below: float
    max_wait_ms: int


class Step:
    """Something that is made once, by whoever comes first; who comes meanwhile waits, a failure is tried again."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._make = make
        self._task: asyncio.Task[None] | None = None

    @property
    def is_done(self) -> bool:
        """Whether it was made."""
        return (
            self._task is not None and self._task.done() and not self._task.cancelled() and not self._task.exception()
        )

    def reach(self) -> Awaitable[None]:
        """Return what to wait for."""
        if self._task is None or (self._task.done() and not self.is_done):
            self._task = asyncio.get_running_loop().create_task(self._make())
        return asyncio.shield(self._task)


class DataPlane:
    """Owns what lives as long as the server. Handlers reach a step and then use its managers."""

    engine: Engine
    queries: QueriesManager
    tables: TablesManager
    database: Database
    files: FilesManager
    imports: ImportsManager
    previews: Previews
    uploads: UploadsManager
    versions: Versions
    history: History
    profiles: Profiles

    def __init__(self, settings: Settings, limits: Limits, log: Logger) -> None:
        self.settings, self.limits, self.log = settings, limits, log
        self.disk = ThreadPoolExecutor(4, thread_name_prefix="deita-disk")
        self.presence = Presence(settings.storage / "incoming")
        self._querying, self._storing = Step(self._start_querying), Step(self._start_storing)
        self._importing = Step(self._start_importing)
        self._background: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def querying(self) -> None:
        """Make the engine's client and what needs no database: queries and tables."""
        if not self._querying.is_done:
            await self._reach(self._querying)

    async def storing(self) -> None:
        """Make what needs the workspace database too: files, versions."""
        if not self._storing.is_done:
            await self._reach(self._storing)

    async def importing(self) -> None:
        """Bring the database up to what the lake says, also about imports whose server died."""
        if not self._importing.is_done:
            await self._reach(self._importing)

    async def deleting(self) -> None:
        """Know every table version, so that no bytes go which one of them was made from."""
        await self.importing()
        await self.versions.sync()

    def engine_status(self) -> dict[str, Any]:
        """Return the engine's state without making or starting it."""
        if not self._querying.is_done:
            return {"state": "stopped", "version": "", "running": 0, "waiting": 0, "restarts": 0}
        return self.engine.status()

    async def _reach(self, step: Step) -> None:
        if self._closed:
            raise DeitaError("workspace_busy", "This server is being stopped.")
        await step.reach()

    async def _start_querying(self) -> None:
        await asyncio.to_thread(_import, *QUERYING)
        from deita_engine.client import Engine, EngineConfig

        from .services.queries.manager import QueriesManager
        from .services.tables.manager import TablesManager
        from .spool import prepare_spool

        settings = self.settings
        records = await asyncio.to_thread(prepare_spool, settings.spool)
        read_only = settings.role not in ("owner", "editor")
        config = EngineConfig.from_env(settings.storage, settings.spool, settings.engine, read_only=read_only)
        self.engine = Engine(config)
        self.tables = TablesManager(self.engine, settings.person)
        self.queries = QueriesManager(self.engine, settings, self.limits, records, self.in_background, self._committed)

    async def _start_storing(self) -> None:
        await self.querying()
        await asyncio.to_thread(_import, *STORING)
        from deita_engine.store import store_at

        from .database.database import Database
        from .services.files.manager import FilesManager
        from .services.tables.history import History
        from .services.tables.profiles import Profiles
        from .services.tables.versions import Versions
        from .services.uploads.manager import UploadsManager

        settings, limits = self.settings, self.limits
        self.database = Database(settings.storage / "workspace.sqlite")
        await asyncio.to_thread(self._open_storage)
        store = await asyncio.to_thread(store_at, settings.storage.as_uri())
        self.files = FilesManager(
            self.database,
            store,
            self.presence,
            self.disk,
            settings.person,
            limits.max_upload_bytes,
            settings.quota,
        )
        self.uploads = UploadsManager(
            self.database, self.files, self.presence.incoming, self.disk, settings.person, limits.upload_lifetime
        )
        self.versions = Versions(self.database, self.engine)
        self.history = History(self.engine, self.versions, self.tables, settings.person)
        self.profiles = Profiles(self.database, self.engine, self.versions, self.tables)
        self._make_imports()

    def _make_imports(self) -> None:
        from .services.imports.manager import ImportsManager
        from .services.imports.previews import Previews
        from .services.imports.rejects import Rejects
        from .services.imports.sources import Sources
        from .services.imports.underway import Underway

        settings, limits, database, engine = self.settings, self.limits, self.database, self.engine
        sources = Sources(database, self.files, self.versions)
        rejects = Rejects(settings.storage / "rejects", self.disk)
        self.previews = Previews(engine, sources, limits.max_previews)
        underway = Underway(
            database,
            engine,
            sources,
            self.versions,
            self.previews,
            rejects,
            limits.max_imports,
            limits.review_below,
            self.log,
        )
        self.imports = ImportsManager(database, engine, sources, underway, rejects, self.presence, settings.person)

    def _open_storage(self) -> None:
        self.presence.enter()
        with self.presence.gate():
            self.database.open()

    async def _start_importing(self) -> None:
        await self.storing()
        await self.versions.sync()
        await self.imports.recover()

    def _committed(self) -> None:
        """Take note of a commit that a statement made; without a database it waits for the next one who asks."""
        if self._storing.is_done:
            self.in_background(self.versions.sync())

    def in_background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something that nobody waits for; its failure is logged, `close` waits for its end."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and task.exception():
            self.log.error("Work in the background failed", exc_info=task.exception())

    async def close(self) -> None:
        """End the engine, wait for what is being written down, close the database."""
        self._closed = True
        if self._querying.is_done:
            await self.queries.close()
        if self._storing.is_done:
            await self.imports.close()
        if self._background:
            await asyncio.wait(set(self._background), timeout=10)
        if self._storing.is_done:
            await asyncio.to_thread(self.database.close)
            await asyncio.to_thread(self.presence.leave)
        self.disk.shutdown()


def _import(*names: str) -> None:
    for name in names:
        importlib.import_module(name)
