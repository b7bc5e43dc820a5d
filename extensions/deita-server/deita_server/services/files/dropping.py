"""Removing bytes that nothing leads to any more, unless a backup reads the workspace: then they stay for the janitor.

Whoever deletes bytes holds the workspace's upkeep lock, as the engine does for the lake's; a backup holds it as long as
it reads. Without the lock nobody waits: bytes without a name harm nobody.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from deita_engine.lock import write_lock
from deita_engine.shapes import EngineError
from deita_engine.store import Store
from sqlalchemy import text
from sqlalchemy.orm import Session

from .needed import needed

LOCK = "upkeep.lock"
# the name that the engine gives its own, in the schema `lake_<id>` beside our `workspace_<id>`
TRY = text(
    "SELECT pg_try_advisory_xact_lock(hashtextextended("
    "'deita lake ' || regexp_replace(current_schema(), '^workspace_', 'lake_') || ' upkeep', 0))"
)


class Dropping:
    """The bytes of a workspace in `folder`."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store, self._lock = store, folder / LOCK

    def drop(self, session: Session, hashes: set[str]) -> int:
        """Remove those that nothing leads to, in a transaction that writes; how many. Raises EngineError
        storage_unavailable.
        """
        with self._tending(session) as is_mine:
            unused = hashes - needed(session, hashes) if is_mine else set()
            for sha256 in unused:
                self._store.delete(sha256)
            return len(unused)

    @contextlib.contextmanager
    def _tending(self, session: Session) -> Iterator[bool]:
        """Hold the lock, on PostgreSQL to the end of the transaction; False while somebody else does."""
        if session.get_bind().dialect.name == "postgresql":
            yield bool(session.scalar(TRY))
            return
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(write_lock(self._lock, 0))
            except EngineError as error:
                if error.code != "workspace_busy":
                    raise
                yield False
                return
            yield True
