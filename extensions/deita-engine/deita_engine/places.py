"""What the guard lets stand in the place of tables, and at the beginning of a statement."""

from __future__ import annotations

import re

SYSTEM_SCHEMAS = frozenset({"information_schema", "pg_catalog", "system"})
SYSTEM_TABLES = re.compile(r"^(?:duckdb_|pragma_|sqlite_|pg_|__ducklake)", re.I)
FILE_LIKE = re.compile(
    r"[/\\:*?]|\.(?:csv|tsv|txt|parquet|json|ndjson|jsonl|gz|zst|db|duckdb|sqlite|xlsx|arrow|feather)$", re.I
)
CATALOGS = frozenset({"", "lake", "memory", "temp"})
SCHEMAS = frozenset({"", "main"})
"""A snapshot's schema is never named: a statement sees the one that its cursor is set to."""
SHOWABLE = frozenset({'"tables"', "tables", '"views"', "views"})
READ_WORDS = frozenset(
    {
        "SELECT", "WITH", "VALUES", "FROM", "TABLE", "SUMMARIZE", "DESCRIBE", "DESC", "SHOW", "EXPLAIN", "PIVOT",
        "PIVOT_WIDER", "UNPIVOT", "PIVOT_LONGER", "(",
    }
)  # fmt: skip
WRITE_WORDS = frozenset(
    {"CREATE", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "MERGE", "ALTER", "DROP", "COMMENT", "WITH"}
)
WRITING = frozenset({"CREATE", "INSERT", "UPDATE", "DELETE", "MERGE_INTO", "ALTER", "DROP"})
EXPLAIN_FORMATS = frozenset({"TEXT", "JSON"})
"""Formats of EXPLAIN whose file names `plans` can take out."""
