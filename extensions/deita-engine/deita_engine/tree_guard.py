"""What the guard sees of a SELECT: the tree that DuckDB serialises it into."""

from __future__ import annotations

from typing import Any

from .places import CATALOGS, FILE_LIKE, SCHEMAS, SHOWABLE, SYSTEM_TABLES
from .reviewed import FUNCTIONS, TABLE_FUNCTIONS, refused, refused_function
from .tokens import place_of

FUNCTION_SCHEMAS = frozenset({"", "main", "pg_catalog"})


def judge_tree(tree: dict[str, Any], sql: str) -> tuple[str, ...]:
    """The tables that the tree names; raises EngineError when anything in it is not allowed. The tree is used up."""
    walk = Walk(sql)
    walk.visit(tree)
    return tuple(walk.names)


class Walk:
    """A walk through the tree of a SELECT; `names` are the tables that it came by."""

    def __init__(self, sql: str) -> None:
        self.sql, self.names = sql, dict[str, None]()

    def visit(self, node: Any) -> None:
        """Check a node and what is below it; raises EngineError."""
        if isinstance(node, list):
            for item in node:
                self.visit(item)
        elif isinstance(node, dict):
            self._check(node)
            for value in node.values():
                if isinstance(value, dict | list):
                    self.visit(value)

    def _check(self, node: dict[str, Any]) -> None:
        kind = node.get("type")
        if kind == "TABLE_FUNCTION":
            function = node["function"]
            self._check_function(function, TABLE_FUNCTIONS)
            node["function"] = function["children"]
        elif "function_name" in node:
            self._check_function(node, FUNCTIONS)
        elif kind == "BASE_TABLE":
            self._check_table(node)
        elif kind == "SHOW_REF":
            _check_show(node)

    def _check_function(self, node: dict[str, Any], known: frozenset[str]) -> None:
        name = str(node["function_name"]).lower()
        if node.get("catalog") or str(node.get("schema") or "").lower() not in FUNCTION_SCHEMAS:
            raise refused(f"The function {name} of another schema")
        if name not in known:
            raise refused_function(name, known, place_of(self.sql, int(node.get("query_location", 0))))

    def _check_table(self, node: dict[str, Any]) -> None:
        name, schema, catalog = (str(node.get(key) or "") for key in ("table_name", "schema_name", "catalog_name"))
        if catalog.lower() not in CATALOGS or schema.lower() not in SCHEMAS:
            full = ".".join(filter(None, (catalog, schema, name)))
            raise refused(f"The table {full}", "A table here has one name, without a schema.")
        if FILE_LIKE.search(name) or SYSTEM_TABLES.match(name):
            raise refused(f"The table {name.rsplit('/', 1)[-1]}")
        self.names[name] = None


def _check_show(node: dict[str, Any]) -> None:
    name = str(node.get("table_name") or "")
    if not node.get("query") and name.lower() not in SHOWABLE:
        raise refused(f"SHOW {name}")
