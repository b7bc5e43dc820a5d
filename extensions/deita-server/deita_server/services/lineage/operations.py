"""The operation of lineage, described."""

from __future__ import annotations

from deita_server.operations import Operation

from .models import Lineage, LineageQuery

OPERATIONS = [
    Operation(
        "get",
        "/tables/{name}/lineage",
        "Follow a table version to files and queries, and to what is made from it",
        {200: Lineage},
        LineageQuery,
        refuses=(404, 503),
    ),
]
