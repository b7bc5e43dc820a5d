"""One workspace as this server sees it: engine, database and managers, each made when a request first needs it.

Three steps, because they cost differently: `querying` imports the engine's client and pydantic; `storing` adds
SQLAlchemy and opens the database; `importing` also asks the engine what happened while nobody wrote it down.
Longer than other modules because everything is wired here, and nowhere else.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from .background import Background
from .credentials import Credentials, from_control_plane
from .errors import DeitaError
from .metrics import Metrics
from .presence import Presence
from .readiness import Readiness
from .roles import may
from .settings import Settings
from .steps import Step, import_all

if TYPE_CHECKING:
    from logging import Logger

    from deita_engine.client import Engine
    from deita_engine.objects import Objects

    from .database.database import Database
    from .limits import Limits
    from .services.connections.manager import ConnectionsManager
    from .services.files.manager import FilesManager
    from .services.imports.manager import ImportsManager
    from .services.imports.previews import Previews
    from .services.imports.rejects import Rejects
    from .services.lineage.manager import LineageManager
    from .services.queries.history import QueryHistory
    from .services.queries.manager import QueriesManager
    from .services.queries.results import ResultsManager
    from .services.receipts.manager import ReceiptsManager
    from .services.saved_queries.manager import SavedQueriesManager
    from .services.statements.manager import StatementsManager
    from .services.tables.history import History, LookBack
    from .services.tables.manager import TablesManager
    from .services.tables.profiles import Profiles
    from .services.tables.versions import Versions
    from .services.undo.manager import UndoManager
    from .services.uploads.manager import UploadsManager
    from .services.workspace.upkeep import UpkeepManager

QUERYING = (
    "deita_engine.client",
    "deita_server.services.queries.manager",
    "deita_server.services.statements.manager",
    "deita_server.services.tables.manager",
)
STORING = (
    "deita_server.database.database",
    "deita_server.services.files.manager",
    "deita_server.services.imports.manager",
    "deita_server.services.lineage.manager",
    "deita_server.services.receipts.manager",
    "deita_server.services.saved_queries.manager",
    "deita_server.services.undo.manager",
    "deita_server.services.uploads.manager",
)


class DataPlane:
    """Owns what lives as long as the server. Handlers reach a step and then use its managers."""

    engine: Engine
    queries: QueriesManager
    results: ResultsManager
    statements: StatementsManager
    query_history: QueryHistory
    tables: TablesManager
    database: Database
    objects: Objects | None
    files: FilesManager
    imports: ImportsManager
    previews: Previews
    uploads: UploadsManager
    versions: Versions
    history: History
    profiles: Profiles
    connections: ConnectionsManager
    receipts: ReceiptsManager
    lineage: LineageManager
    saved_queries: SavedQueriesManager
    undo: UndoManager
    upkeep: UpkeepManager

    def __init__(self, settings: Settings, limits: Limits, log: Logger) -> None:
        self.settings, self.limits, self.log = settings, limits, log
        self.disk = ThreadPoolExecutor(4, thread_name_prefix="deita-disk")
        self.network = ThreadPoolExecutor(4, thread_name_prefix="deita-network")
        self.credentials = Credentials(from_control_plane(settings.control_plane, settings.slug, settings.token))
        self.presence = Presence(settings.storage / "incoming")
        self.metrics = Metrics(self.engine_status)
        self.readiness = Readiness(self)
        self._querying, self._storing = Step(self._start_querying), Step(self._start_storing)
        self._importing = Step(self._start_importing)
        self._background = Background(log)
        self.in_background = self._background.begin
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

    @property
    def has_stored(self) -> bool:
        """Whether the database was needed yet."""
        return self._storing.is_done

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
        await asyncio.to_thread(import_all, *QUERYING)
        from .services.queries.history import QueryHistory
        from .services.queries.manager import QueriesManager
        from .services.queries.receipts import VersionNumbers
        from .services.queries.results import ResultsManager
        from .services.statements.manager import StatementsManager
        from .services.tables.manager import TablesManager
        from .spool import prepare_spool
        from .storage import engine_of

        settings, limits = self.settings, self.limits
        self.query_history = QueryHistory(settings.query_history, limits.max_queries, limits.max_history_bytes)
        await self.query_history.open()
        await asyncio.to_thread(prepare_spool, settings.spool, await self.query_history.ids())
        self.engine = engine_of(settings, self.credentials, self.metrics.ran)
        self.tables = TablesManager(self.engine, settings.person, self._committed)
        numbers = VersionNumbers(self.engine)
        self.queries = QueriesManager(
            self.engine, settings, limits, numbers, self.query_history, self.in_background, self._committed, self.log
        )
        self.statements = StatementsManager(self.engine, numbers, self.queries)
        self.results = ResultsManager(self.engine, self.queries, settings.spool)
        await self.queries.recover()

    async def _start_storing(self) -> None:
        await self.querying()
        await asyncio.to_thread(import_all, *STORING)
        from .database.database import Database
        from .services.files.dropping import Dropping
        from .services.files.manager import FilesManager
        from .services.files.view import NamesView
        from .services.imports.rejects import Rejects
        from .services.lineage.manager import LineageManager
        from .services.receipts.manager import ReceiptsManager
        from .services.saved_queries.manager import SavedQueriesManager
        from .services.tables.history import History
        from .services.tables.profiles import Profiles
        from .services.tables.versions import Versions
        from .services.undo.manager import UndoManager
        from .services.uploads.incoming import Incoming
        from .services.uploads.manager import UploadsManager
        from .services.workspace.janitor import Janitor
        from .services.workspace.upkeep import UpkeepManager
        from .storage import database_backend, opened

        settings, limits = self.settings, self.limits
        self.database = Database(database_backend(settings, self.credentials), read_only=settings.is_shared)
        await self.database.prepare()
        await asyncio.to_thread(self._open_storage)
        store, self.objects = await opened(settings, self.credentials)
        view, dropping = NamesView(settings, self.log), Dropping(store, settings.storage)
        if may(settings.role, "change"):
            await self.database.write(view.refresh)
        self.files = FilesManager(
            self.database,
            store,
            self.presence,
            self.disk,
            self.network,
            settings.person,
            limits.max_upload_bytes,
            settings.quota,
            view,
            dropping,
        )
        incoming = Incoming(self.presence.incoming, store, self.disk, self.network)
        self.uploads = UploadsManager(
            self.database, self.files, incoming, self.disk, settings.person, limits.upload_lifetime
        )
        self.versions = Versions(self.database, self.engine)
        self.history = History(self.engine, self.versions, settings.person)
        self.profiles = Profiles(self.database, self.engine, self.versions, self.tables)
        self.lineage = LineageManager(self.database, self.versions)
        self.receipts = ReceiptsManager(self.database, self.versions, self.queries)
        self.saved_queries = SavedQueriesManager(self.database, self.engine, settings.person)
        self.undo = UndoManager(self.database, self.engine, self.versions, self.tables, self.queries, settings.person)
        rejects = Rejects(settings.storage / "rejects", self.disk, self.objects)
        janitor = Janitor(self.database, store, dropping, rejects, self.disk, limits.orphan_age)
        self.upkeep = UpkeepManager(
            settings.storage, self.database, self.engine, self.versions, janitor, limits, self.log
        )
        if may(settings.role, "change"):
            self.upkeep.watch()
        self._make_imports(rejects)

    async def look_back(self, as_of: dict[str, int] | str | None) -> LookBack | None:
        """Find what `as_of` means; nothing means now."""
        if as_of is None:
            return None
        await self.storing()
        return await self.history.look_back(as_of)

    def _make_imports(self, rejects: Rejects) -> None:
        from .services.connections.manager import ConnectionsManager
        from .services.imports.fetching import Fetcher
        from .services.imports.manager import ImportsManager
        from .services.imports.previews import Previews
        from .services.imports.sources import Sources
        from .services.imports.underway import Underway

        settings, limits, database, engine = self.settings, self.limits, self.database, self.engine
        self.connections = ConnectionsManager(settings, self.disk)
        sources = Sources(database, self.files, self.versions)
        self.previews = Previews(engine, sources, limits.max_previews)
        fetcher = Fetcher(self.connections, self.files)
        underway = Underway(
            database,
            engine,
            sources,
            self.versions,
            self.previews,
            rejects,
            fetcher,
            limits.max_imports,
            limits.review_below,
            self.log,
        )
        self.imports = ImportsManager(database, engine, sources, underway, rejects, self.presence, settings.person)

    def _open_storage(self) -> None:
        if self.settings.is_shared:
            self.database.open()
            return
        self.presence.enter()
        with self.presence.gate():
            self.database.open()

    async def _start_importing(self) -> None:
        await self.storing()
        if self.settings.is_shared:
            return
        await self.versions.sync()
        await self.imports.recover()

    def _committed(self) -> None:
        """Take note of a commit that a statement or a table's change made: viewers, who only read, find it then."""
        if not self._closed:
            self.in_background(self._index())

    async def _index(self) -> None:
        await self.storing()
        await self.versions.sync()

    async def close(self) -> None:
        """End the engine, wait for what is being written down, close the database."""
        self._closed = True
        if self._storing.is_done:
            await self.upkeep.close()
            self.imports.stop()
        if self._querying.is_done:
            await self.queries.close()
        if self._storing.is_done:
            await self.imports.close()
        await self._background.wait(10)
        if self._querying.is_done:
            await self.query_history.close()
        if self._storing.is_done:
            await asyncio.to_thread(self.database.close)
            await asyncio.to_thread(self.presence.leave)
        self.disk.shutdown()
        self.network.shutdown()
