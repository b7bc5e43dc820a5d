"""Older versions of tables: looked at, looked through by queries, brought back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deita_server.errors import bad_field
from deita_server.idempotency import Idempotency, reused

from .manager import table_shape
from .models import Table

if TYPE_CHECKING:
    from deita_engine.client import Engine

    from .versions import Versions


@dataclass(frozen=True)
class LookBack:
    """What a query with `as_of` sees: the lake at a snapshot (the newest without), some tables at other snapshots.

    `versions` are the numbers of the latter.
    """

    snapshot: int | None = None
    pins: tuple[tuple[str, int], ...] = ()
    versions: dict[str, int] = field(default_factory=dict)


class History:
    """Raises DeitaError table_not_found, version_not_found, bad_request; EngineError version_expired."""

    def __init__(self, engine: Engine, versions: Versions, person: str) -> None:
        self._engine, self._versions, self._person = engine, versions, person
        self.idempotency = Idempotency()

    async def table(self, name: str, version: int) -> Table:
        """Return the table as it was."""
        found = await self._versions.find(name, version)
        return table_shape(await self._engine.table_at(found.snapshot)).model_copy(update={"name": found.table})

    async def restore(self, name: str, version: int, id: str | None = None) -> str:
        """Bring a version back as the newest, also of a table that was dropped; the newest stays as it is. Under an id
        it is brought back once, also by an earlier server. Returns the table's name.
        """
        found = await self._versions.find(name, version)
        earlier = await self._engine.commits(made_by=id) if id else []
        if any((commit.table, commit.restored_version) != (found.table, version) for commit in earlier):
            raise reused()
        if not earlier and not found.is_newest:
            await self._engine.restore_table(found.table, found.snapshot, self._person, id=id)
            await self._versions.sync()
        return found.table

    async def look_back(self, as_of: dict[str, int] | str) -> LookBack:
        """Find what `as_of` means: versions by table, or a moment in ISO 8601 (UTC unless it says otherwise)."""
        if isinstance(as_of, str):
            return LookBack(await self._engine.snapshot_at(_moment(as_of)))
        found = [await self._versions.find(name, version) for name, version in as_of.items()]
        pins = tuple(sorted((version.table, version.snapshot) for version in found))
        return LookBack(None, pins, {version.table: version.version for version in found})


def _moment(text: str) -> str:
    try:
        time = datetime.fromisoformat(text)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise bad_field("as_of", "it must be versions by table, or a time in ISO 8601") from error
    return time.strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0")
