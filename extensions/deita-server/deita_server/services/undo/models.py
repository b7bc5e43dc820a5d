"""The shape of an undo."""

from __future__ import annotations

from pydantic import BaseModel

from deita_server.services.tables.models import Table


class Undone(BaseModel):
    """The version of `table` that was taken back, and the table as it is now: null when the statement had made it."""

    table: str
    version: int
    now: Table | None
