"""Every address of the data plane, in the order in which tornado tries them."""

from __future__ import annotations

import re
from typing import Any

from .base import DeitaHandler, UnknownHandler
from .documentation import ROUTES as DOCUMENTATION
from .services.connections.handlers import ROUTES as CONNECTIONS
from .services.files.handlers import NESTED, NestedNameHandler
from .services.files.handlers import ROUTES as FILES
from .services.health.handlers import ROUTES as HEALTH
from .services.imports.handlers import ROUTES as IMPORTS
from .services.lineage.handlers import ROUTES as LINEAGE
from .services.queries.handlers import ROUTES as QUERIES
from .services.receipts.handlers import ROUTES as RECEIPTS
from .services.saved_queries.handlers import ROUTES as SAVED_QUERIES
from .services.statements.handlers import ROUTES as STATEMENTS
from .services.tables.handlers import ROUTES as TABLES
from .services.undo.handlers import ROUTES as UNDO
from .services.uploads.handlers import ROUTES as UPLOADS
from .services.workspace.handlers import ROUTES as WORKSPACE

PREFIX = "deita/api/v1"
ROUTES: list[tuple[str, type[DeitaHandler]]] = [
    *HEALTH,
    *WORKSPACE,
    *FILES,
    *UPLOADS,
    *IMPORTS,
    *CONNECTIONS,
    *TABLES,
    *STATEMENTS,
    *QUERIES,
    *RECEIPTS,
    *UNDO,
    *LINEAGE,
    *SAVED_QUERIES,
    *DOCUMENTATION,
]


def pattern(template: str) -> str:
    """Turn `/files/{name}/meta` into the regular expression that tornado matches."""
    return "/" + PREFIX + re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template))


def tornado_rules() -> list[tuple[Any, ...]]:
    """Return the rules for tornado, the fallback for unknown addresses last."""
    rules: list[tuple[Any, ...]] = [(pattern(template), handler, {"route": template}) for template, handler in ROUTES]
    return [*rules, ("/" + PREFIX + NESTED, NestedNameHandler), (r"/deita/api(?:/.*)?", UnknownHandler)]
