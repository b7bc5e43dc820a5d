"""What a table is made from, and what is made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deita import rendering

HEAD = (("from", "VARCHAR"), ("to", "VARCHAR"))


@dataclass(frozen=True)
class Node:
    """A file, import, table, view, query or saved query. `key` is a file's SHA-256 or the id of an import or query."""

    kind: str
    name: str
    version: int | None
    operation: str | None
    key: str | None
    rows: int | None
    created_at: str | None
    created_by: str | None

    def __str__(self) -> str:
        version = f", version {self.version}" if self.version is not None else ""
        return f"{self.kind.replace('_', ' ')} {self.name}{version}"


class Lineage:
    """A graph around one table version; data goes along the edges.

    >>> lineage = ws.table("totals").lineage()
    >>> [node.name for node in lineage.nodes if node.kind == "file"]
    ['orders.csv']
    >>> lineage.above, lineage.below
    """

    def __init__(self, body: Mapping[str, Any]) -> None:
        fields = Node.__dataclass_fields__
        known = {node["id"]: Node(**{name: node[name] for name in fields}) for node in body["nodes"]}
        self.of = known[body["of"]]
        self.nodes = tuple(known.values())
        self.edges = tuple((known[edge["from"]], known[edge["to"]]) for edge in body["edges"])
        self.truncated: bool = body["truncated"]

    @property
    def above(self) -> tuple[Node, ...]:
        """Everything that the version comes from, near things first."""
        return tuple(self._reached({node: [a for a, b in self.edges if b == node] for node in self.nodes}))

    @property
    def below(self) -> tuple[Node, ...]:
        """Everything that comes from the version, near things first."""
        return tuple(self._reached({node: [b for a, b in self.edges if a == node] for node in self.nodes}))

    def _reached(self, following: Mapping[Node, list[Node]]) -> Iterator[Node]:
        seen, waiting = {self.of}, [self.of]
        while waiting:
            for node in following[waiting.pop(0)]:
                if node not in seen:
                    seen.add(node)
                    waiting.append(node)
                    yield node

    @property
    def _rows(self) -> list[list[Any]]:
        return [[str(before), str(after)] for before, after in self.edges]

    @property
    def _foot(self) -> str:
        return f"around {self.of}{' · there is more' if self.truncated else ''}"

    def _repr_html_(self) -> str:
        return rendering.html_table(HEAD, self._rows, self._foot)

    def __repr__(self) -> str:
        return rendering.text_table(HEAD, self._rows, self._foot)
