"""Profiles of spooled results, found as those of tables are and then kept beside the result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .profiles import Profile, profiled
from .results import Spool
from .slots import Slots
from .spooled import RELATION, Spooled

if TYPE_CHECKING:
    from .operations import Operation

KEPT = "profile.json"


class ResultProfiles:
    """Profiles results."""

    def __init__(self, spool: Spool, spooled: Spooled, slots: Slots) -> None:
        self.spool, self.spooled, self.slots = spool, spooled, slots

    def run(self, operation: Operation, query_id: str) -> Profile:
        """The profile of a finished result: `{rows, columns}`, values as in JSON answers. Raises EngineError
        result_expired, and `interrupted`.
        """
        kept = self.spool.path(query_id, KEPT)
        if kept.exists():
            found: Profile = json.loads(kept.read_bytes())
            return found
        with self.slots.taken(operation), self.spooled.opened(query_id) as (cursor, rows):
            profile = profiled(operation, cursor, RELATION)
            for column, told in zip(rows.columns, profile["columns"], strict=True):
                told.update(name=column.name, type=column.type)  # Arrow's columns have other names and types
            operation.uses(None)
        part = self.spool.path(query_id, f"{operation.id}.{KEPT}.part")
        part.write_text(json.dumps(profile, ensure_ascii=False))
        part.replace(kept)
        return profile
