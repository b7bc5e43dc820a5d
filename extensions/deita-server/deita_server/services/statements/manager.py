"""What a statement would be, how it reads laid out, what could stand at the cursor: the engine says, nothing runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deita_engine.shapes import Draft

from deita_server.errors import embedded
from deita_server.services.queries.models import Failure, ResultColumn
from deita_server.services.queries.parameters import read_all

from .models import Formatted, Parameter, ToValidate, Validation

if TYPE_CHECKING:
    from deita_engine.client import Engine

    from deita_server.services.queries.manager import QueriesManager
    from deita_server.services.queries.receipts import VersionNumbers
    from deita_server.services.tables.history import LookBack


class StatementsManager:
    """Raises what the engine refuses, and what is wrong with named results; what is wrong with a statement stands in
    the answer.
    """

    def __init__(self, engine: Engine, versions: VersionNumbers, queries: QueriesManager) -> None:
        self._engine, self._versions, self._queries = engine, versions, queries

    async def validate(self, wanted: ToValidate, request_id: str, look_back: LookBack | None) -> Validation:
        """Return what the statement would be, in the past if so asked."""
        seen = (look_back.snapshot, look_back.pins) if look_back else (None, ())
        params, types = read_all(wanted.params, wanted.param_types), wanted.param_types
        results = tuple((await self._queries.parents(wanted.results)).results.items())
        found = await self._engine.validate(Draft(wanted.sql, wanted.mode, params, *seen, wanted.plan, types, results))
        tables = await self._versions.at(found.snapshot, found.tables)
        pinned = look_back.versions if look_back else {}
        return Validation(
            valid=found.error is None,
            error=Failure(**embedded(found.error, request_id)) if found.error else None,
            statement_type=found.statement_type,
            columns=None if found.columns is None else [ResultColumn(name=c.name, type=c.type) for c in found.columns],
            parameters=[Parameter(name=known.name, type=known.type) for known in found.parameters],
            tables=tables | {name: version for name, version in pinned.items() if name in found.tables},
            plan=found.plan,
        )

    async def format(self, sql: str) -> Formatted:
        """Return the statement laid out anew."""
        found = await self._engine.format(sql)
        return Formatted(sql=found.sql, changed=found.sql != sql, reason=found.reason)

    async def complete(self, sql: str, position: int) -> dict[str, Any]:
        """Return what could stand at the cursor."""
        found = await self._engine.complete(sql, min(position, len(sql)))
        items = [{"label": item.label, "kind": item.kind, "detail": item.detail} for item in found.items]
        return {"start": found.start, "end": found.end, "items": items}
