"""The shapes of lineage."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

Kind = Literal["file", "import", "table", "view", "query", "saved_query"]
DEEPEST = 50


class Node(BaseModel):
    """Something that data passes through. What does not apply to its kind is null.

    `name` is a file's or a table's name, a saved query's slug, the beginning of a query's statement; `key` is what it
    is read by: the id of an import or a query, the SHA-256 of a file.
    """

    id: str = Field(description="Of this graph only.")
    kind: Kind
    name: str
    version: int | None = None
    operation: str | None = None
    key: str | None = None
    rows: int | None = None
    created_at: str | None = None
    created_by: str | None = None


class Edge(BaseModel):
    """Data went from one node to another."""

    source: str = Field(serialization_alias="from")
    target: str = Field(serialization_alias="to")


class Lineage(BaseModel):
    """What a table version comes from and what comes from it."""

    of: str = Field(description="The node of the version that was asked about.")
    nodes: list[Node]
    edges: list[Edge]
    truncated: bool = Field(description="Whether there is more than the limits of depth and size let through.")


class LineageQuery(BaseModel):
    """Of which version, and how many steps in each direction."""

    version: int | None = Field(None, ge=1)
    depth: int = Field(10, ge=1, le=DEEPEST)
