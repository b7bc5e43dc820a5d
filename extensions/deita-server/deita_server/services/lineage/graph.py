"""A graph that grows step by step, up from a table version and down from it, within limits."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import TypeVar

from .models import Edge, Lineage, Node

LARGEST = 500
Place = TypeVar("Place")


class Graph:
    """Nodes and edges, each once."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._edges: dict[tuple[str, str], None] = {}
        self.truncated = False

    def add(self, *path: Node) -> bool:
        """Add the nodes and an edge from each to the next; False, and nothing is added, when there is no room."""
        new = {node.id: node for node in path if node.id not in self._nodes}
        if len(self._nodes) + len(new) > LARGEST:
            self.truncated = True
            return False
        self._nodes |= new
        for before, after in itertools.pairwise(path):
            self._edges[before.id, after.id] = None
        return True

    def walk(
        self, start: Place, step: Callable[[Place], Iterable[Place]], key: Callable[[Place], str], depth: int
    ) -> None:
        """Go so many steps from a place; `step` adds what is next to a place and returns where to go on."""
        seen, places = {key(start)}, [start]
        for _ in range(depth):
            following = {key(place): place for at in places for place in step(at)}
            places = [place for name, place in following.items() if name not in seen]
            seen |= following.keys()
            if not places:
                return
        self.truncated = True

    def lineage(self, of: Node) -> Lineage:
        """Return it all."""
        edges = [Edge(source=source, target=target) for source, target in self._edges]
        return Lineage(of=of.id, nodes=list(self._nodes.values()), edges=edges, truncated=self.truncated)
