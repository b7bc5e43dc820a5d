"""Earlier results that a query reads by names of its own: whether they are there, and what they were made from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deita_server.errors import DeitaError

if TYPE_CHECKING:
    from .record import QueryRecord


@dataclass(frozen=True)
class Parents:
    """Results by name, `{name: query id}`, and the table versions behind them, `{name, version, snapshot}` each."""

    results: dict[str, str]
    behind: list[dict[str, Any]]


NONE = Parents({}, [])


async def parents(
    results: Mapping[str, Any],
    find: Callable[[str], Awaitable[QueryRecord]],
    is_kept: Callable[[str], Awaitable[bool]],
) -> Parents:
    """Return the parents of a query; raises query_not_found, no_result, and result_expired with the result's name."""
    behind: dict[tuple[str, int], dict[str, Any]] = {}
    for name, query_id in results.items():
        record = await find(str(query_id))
        if record.state != "done":
            raise DeitaError("no_result", f"{name} is a query that is {record.state} and has no result.")
        if not await is_kept(record.id):
            message, hint = f"The result {name} is no longer kept.", "Run the query that made it again."
            raise DeitaError("result_expired", message, hint, {"result": name, "id": record.id})
        provenance = record.provenance or {}
        for table in (*provenance.get("read", ()), *provenance.get("behind", ())):
            behind[table["name"], table["snapshot"]] = table
    return Parents({name: str(query_id) for name, query_id in results.items()}, list(behind.values()))
