"""What a person asked before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deita import rendering
from deita.http import path_of
from deita.receipts import Receipt, receipt_of
from deita.results import Result

if TYPE_CHECKING:
    from deita.workspace import Workspace

HEAD = (
    ("started", "VARCHAR"),
    ("state", "VARCHAR"),
    ("rows", "BIGINT"),
    ("took", "VARCHAR"),
    ("tables", "VARCHAR"),
    ("statement", "VARCHAR"),
    ("id", "VARCHAR"),
)
SHOWN = 50


@dataclass(frozen=True)
class PastQuery:
    """A query of the history."""

    workspace: Workspace
    id: str
    sql: str
    state: str
    started_at: str
    row_count: int
    elapsed_ms: float
    tables: tuple[str, ...]
    rerun_of: str | None

    @property
    def receipt(self) -> Receipt:
        """Where its result came from, in full."""
        return receipt_of(self.workspace.transport, self.id)

    def result(self) -> Result:
        """Its result; DeitaError `result_expired` when it is no longer kept."""
        return self.workspace.result(self.workspace.transport.get(path_of("queries", self.id)))


class History(Sequence[PastQuery]):
    """Queries, newest first; shown as a table."""

    def __init__(self, items: Sequence[PastQuery]) -> None:
        self._items = tuple(items)

    def __getitem__(self, place: Any) -> Any:
        return History(self._items[place]) if isinstance(place, slice) else self._items[place]

    def __len__(self) -> int:
        return len(self._items)

    def _rows(self) -> list[list[Any]]:
        return [
            [
                item.started_at,
                item.state,
                item.row_count,
                rendering.duration(item.elapsed_ms),
                ", ".join(item.tables),
                " ".join(item.sql.split()),
                item.id,
            ]
            for item in self._items[:SHOWN]
        ]

    @property
    def _foot(self) -> str:
        shown = f", the first {SHOWN} shown" if len(self) > SHOWN else ""
        return f"{len(self):,} quer{'y' if len(self) == 1 else 'ies'}{shown}"

    def _repr_html_(self) -> str:
        return rendering.html_table(HEAD, self._rows(), self._foot)

    def __repr__(self) -> str:
        return rendering.text_table(HEAD, self._rows(), self._foot)


def past_query(workspace: Workspace, item: Mapping[str, Any]) -> PastQuery:
    """Read an item of the data plane's list."""
    names = ("id", "sql", "state", "started_at", "row_count", "elapsed_ms", "rerun_of")
    return PastQuery(workspace, tables=tuple(item["tables"]), **{name: item[name] for name in names})
