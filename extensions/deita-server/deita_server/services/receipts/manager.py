"""Receipts in full, followed to files and to other queries; and running a query again on what it read then, or now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deita_engine.shapes import EngineError
from sqlalchemy.orm import Session

from deita_server.database import models as rows
from deita_server.errors import DeitaError
from deita_server.services.queries.models import NewQuery, SavedRun, Wrote
from deita_server.services.queries.rerun import AsOf, Rerun
from deita_server.services.tables.history import LookBack
from deita_server.services.tables.origins import origins, version_made_by, version_of_query

from .models import FullReceipt, NewRerun, Origin, TableRead

if TYPE_CHECKING:
    from deita_server.database.database import Database
    from deita_server.services.queries.manager import QueriesManager
    from deita_server.services.queries.record import QueryRecord
    from deita_server.services.tables.versions import Versions

UNKNOWN = dict.fromkeys(
    (
        *("limit", "as_of", "rows", "bytes", "elapsed_ms", "cpu_ms", "peak_memory_bytes", "result_hash", "loose_hash"),
        *("saved_query", "from_cache", "rerun_of", "rerun_as_of", "same_result", "alike", "changed_tables"),
    )
)


class ReceiptsManager:
    """Raises DeitaError query_not_found, no_result, not_repeatable; EngineError version_expired."""

    def __init__(self, database: Database, versions: Versions, queries: QueriesManager) -> None:
        self._database, self._versions, self._queries = database, versions, queries

    async def full(self, query_id: str) -> FullReceipt:
        """Return the receipt of one's own query, or of anybody's that made a table version; finds a hash that nobody
        asked for yet.
        """
        await self._versions.sync()
        try:
            record = await self._queries.hashed(query_id)
        except DeitaError as error:
            if error.code != "query_not_found":
                raise
            found = await self._database.read(lambda session: _of_version(session, query_id))
            if found is None:
                raise
            return found
        kept = await self._queries.has_result(query_id)
        return await self._database.read(lambda session: _of_query(session, record, kept))

    async def rerun(self, query_id: str, new: NewRerun, request_id: str) -> str:
        """Run one's own query again; returns the new query's id once the engine has accepted it."""
        record = await self._queries.finished(query_id)
        rerun = Rerun(query_id, new.as_of, record.facts["receipt"]["tables"])
        repeated = {name: getattr(record, name) for name in ("sql", "params", "param_types", "limit")}
        repeated["results"] = record.parents.results
        query = NewQuery.model_validate({**repeated, "id": new.id, "timeout_ms": new.timeout_ms})
        try:
            look_back = _look_back(new.as_of, record.provenance or {})
            saved = SavedRun(**record.saved_query) if record.saved_query else None
            return await self._queries.start(query, request_id, look_back, rerun, saved)
        except EngineError as error:
            if error.code != "write_mode_required":
                raise
            raise DeitaError(
                "not_repeatable",
                "A statement that writes is not run again.",
                hint="Its receipt says what it read; run it yourself in write mode.",
            ) from error


def _look_back(as_of: AsOf, provenance: dict[str, Any]) -> LookBack | None:
    """What the repetition sees: the very snapshot, and the tables that were pinned to others."""
    if as_of == "now":
        return None
    pins = tuple((name, at) for name, at in provenance["pins"])
    return LookBack(provenance["snapshot"], pins, {table["name"]: table["version"] for table in provenance["read"]})


def _of_query(session: Session, record: QueryRecord, kept: bool) -> FullReceipt:
    provenance = record.provenance or {}
    facts: dict[str, Any] = UNKNOWN | record.facts["receipt"]
    facts |= {
        "id": record.id,
        "limit": record.limit,
        "statement_type": record.facts["statement_type"],
        "truncated": record.facts["truncated"],
        "extensions": provenance["extensions"],
        "snapshot": provenance["snapshot"],
        "tables": [_read(session, table) for table in provenance["read"]],
        "wrote": record.facts.get("wrote") or _wrote(version_of_query(session, record.id)),
        "result_kept": kept,
    }
    return FullReceipt.model_validate(facts)


def _of_version(session: Session, query_id: str) -> FullReceipt | None:
    version = version_of_query(session, query_id)
    if version is None or version.receipt is None:
        return None
    receipt = version.receipt
    facts = UNKNOWN | {
        "id": query_id,
        "sql": receipt["sql"],
        "params": receipt["params"],
        "param_types": receipt.get("param_types", {}),
        "results": receipt.get("results", {}),
        "mode": "write",
        "statement_type": receipt.get("statement_type", ""),
        "person": version.created_by,
        "started_at": receipt.get("started_at", version.created_at),
        "finished_at": version.created_at,
        "engine": receipt.get("engine", ""),
        "extensions": receipt.get("extensions", {}),
        "snapshot": receipt.get("snapshot"),
        "tables": [_read(session, table) for table in receipt.get("tables", ())],
        "wrote": _wrote(version),
        "truncated": False,
        "ordered": False,
        "result_kept": False,
    }
    return FullReceipt.model_validate(facts)


def _wrote(version: rows.TableVersion | None) -> Wrote | None:
    if version is None:
        return None
    return Wrote(table=version.table.name, version=version.version, operation=version.operation)


def _read(session: Session, table: dict[str, Any]) -> TableRead:
    version = version_made_by(session, table["snapshot"])
    found, more = origins(session, version) if version else ([], False)
    return TableRead(
        name=table["name"],
        version=table["version"],
        rows=version.rows if version else None,
        created_at=version.created_at if version else None,
        created_by=version.created_by if version else None,
        origins=[_origin(origin) for origin in found],
        more=more,
    )


def _origin(version: rows.TableVersion) -> Origin:
    return Origin(
        version=version.version,
        operation=version.operation,
        created_at=version.created_at,
        created_by=version.created_by,
        file=version.file,
        sha256=version.sha256,
        recipe=version.recipe,
        import_id=version.import_id,
        query_id=version.query_id,
    )
