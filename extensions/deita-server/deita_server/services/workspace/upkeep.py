"""Upkeep of the workspace's lake: when somebody asks for it, and by itself while nobody runs anything.

What was done last stands in `upkeep.json` in the workspace's folder, so that its servers take turns.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deita_engine.shapes import EngineError, UpkeepSpec

from deita_server.clock import iso, later, now

from .models import Done, Upkeep
from .retention import kept_versions, named_in_histories

if TYPE_CHECKING:
    from logging import Logger

    from deita_engine.client import Engine

    from deita_server.database.database import Database
    from deita_server.limits import Limits
    from deita_server.services.tables.versions import Versions

    from .janitor import Janitor

NOTE = "upkeep.json"


class UpkeepManager:
    """Runs upkeep. Raises EngineError workspace_busy, read_only."""

    def __init__(
        self,
        storage: Path,
        database: Database,
        engine: Engine,
        versions: Versions,
        janitor: Janitor,
        limits: Limits,
        log: Logger,
    ) -> None:
        self._storage, self._note = storage, storage / NOTE
        self._database, self._engine, self._versions = database, engine, versions
        self._janitor, self._limits, self._log = janitor, limits, log
        self._watching: asyncio.Task[None] | None = None

    def watch(self) -> None:
        """Begin to run it whenever the workspace has been idle."""
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def close(self) -> None:
        """End what runs."""
        if self._watching:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    async def state(self) -> Upkeep:
        """Return what was done last and when it is due again."""
        note = await asyncio.to_thread(self._read)
        if note is None:
            return Upkeep(last=None, did=None, next=None)
        due = datetime.fromisoformat(note["last"]) + timedelta(seconds=self._limits.upkeep_interval)
        return Upkeep(last=note["last"], did=Done(**note["did"]), next=iso(due))

    async def run(self) -> Upkeep:
        """Do what is due, and return that."""
        await self._versions.sync()
        spec = await self._spec()
        did = Done(**await self._engine.upkeep(spec), **await self._janitor.run())
        await asyncio.to_thread(self._write, {"last": now(), "did": did.model_dump(), "snapshot": spec.known})
        return await self.state()

    async def _spec(self) -> UpkeepSpec:
        limits = self._limits
        since = later(-limits.version_days * 86400)
        kept = await self._database.read(lambda session: kept_versions(session, limits.max_versions, since))
        kept |= await asyncio.to_thread(named_in_histories, self._storage / "people")
        known = await self._versions.newest()
        before = since.replace("T", " ").replace("Z", "+00")
        return UpkeepSpec(tuple(sorted(kept)), known, before, limits.upkeep_grace, limits.orphan_age)

    async def _watch(self) -> None:
        idle_before = False
        while True:
            await asyncio.sleep(self._limits.upkeep_idle)
            status = self._engine.status()
            idle = not status["running"] and not status["waiting"]
            if idle and idle_before:
                await self._run_if_due()
            idle_before = idle

    async def _run_if_due(self) -> None:
        try:
            if await self._is_due():
                await self.run()
        except EngineError as error:
            self._log.warning("Upkeep was not done: %s", error.code)
        except Exception:  # noqa: BLE001 - logged once; the watch goes on, the next time may do better
            self._log.exception("Upkeep failed")

    async def _is_due(self) -> bool:
        """Whether the lake was written to since the last time, which is long enough ago."""
        note = await asyncio.to_thread(self._read)
        if note is None:
            return await self._versions.newest() > 0
        due = datetime.fromisoformat(note["last"]) + timedelta(seconds=self._limits.upkeep_interval)
        return await self._versions.newest() > note.get("snapshot", 0) and datetime.now(UTC) > due

    def _read(self) -> dict[str, Any] | None:
        try:
            note: dict[str, Any] = json.loads(self._note.read_text())
        except FileNotFoundError:
            return None
        return note

    def _write(self, note: dict[str, Any]) -> None:
        fresh = self._note.with_suffix(".new")
        fresh.write_text(json.dumps(note))
        fresh.replace(self._note)
