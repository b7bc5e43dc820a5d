"""What a statement that writes did, and what taking it back did, in a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DONE = {"create": "created", "replace": "replaced", "drop": "dropped", "write": "altered"}
"""What was done to a table itself, by the version's operation."""


def change_text(statement_type: str, wrote: Mapping[str, Any]) -> str:
    """What a statement did: its rows, or what became of the table; and the table's version.

    >>> change_text("MERGE_INTO", {"table": "stock", "version": 5, "inserted": 3, "updated": 1, "deleted": 0})
    '3 rows inserted, 1 updated · stock version 5'
    """
    table, version, operation = wrote["table"], wrote["version"], wrote.get("operation", "")
    if version is None:
        return f"Nothing changed · {table}"
    told = ", ".join(_rows(statement_type, wrote))
    if not told:
        return f"Renamed to {table}" if operation == "rename" else f"{table} {DONE.get(operation, 'changed')}"
    return f"{told} · {table} version {version}"


def rows_changed(statement_type: str, wrote: Mapping[str, Any]) -> int | None:
    """How many rows a statement changed; None for one that is not about rows."""
    count = sum(wrote[name] for name in ("inserted", "updated", "deleted"))
    return count if count or statement_type in ("INSERT", "UPDATE", "DELETE", "MERGE_INTO") else None


def _rows(statement_type: str, wrote: Mapping[str, Any]) -> Iterator[str]:
    words = {"inserted": "written" if statement_type == "CREATE" else "inserted"}
    counts = [(wrote[name], words.get(name, name)) for name in ("inserted", "updated", "deleted") if wrote[name]]
    for place, (count, word) in enumerate(counts):
        unit = "" if place else " row" if count == 1 else " rows"
        yield f"{count:,}{unit} {word}"


@dataclass(frozen=True)
class Undone:
    """A version of `table` that was taken back; `now` is the table as the data plane describes it, None when it is
    gone.
    """

    table: str
    version: int
    now: Mapping[str, Any] | None

    def __repr__(self) -> str:
        if self.now is None:
            return f"{self.table} is gone again, as it was before version {self.version}"
        return f"{self.now['name']} is again as it was before version {self.version} · version {self.now['version']}"
