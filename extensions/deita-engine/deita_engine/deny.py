"""The names that the guard allows or refuses; a new function of DuckDB belongs into one of these lists before an
upgrade.
"""

from __future__ import annotations

import re

from .shapes import EngineError

TABLE_FUNCTIONS = frozenset(
    {
        "range",
        "generate_series",
        "unnest",
        "json_each",
        "json_tree",
        "repeat",
        "repeat_row",
        "summary",
        "test_all_types",
    }
)
DENIED_FUNCTIONS = frozenset(
    {
        "current_setting", "getenv", "getvariable", "which_secret", "query", "query_table", "glob", "sniff_csv",
        "json_execute_serialized_sql", "json_serialize_sql", "json_deserialize_sql", "json_serialize_plan",
        "parse_duckdb_log_message", "from_substrait", "from_substrait_json", "get_substrait", "get_substrait_json",
        "write_log", "pg_conf_load_time", "txid_current", "current_database", "current_catalog", "current_schemas",
        "in_search_path", "create_sort_key", "add_parquet_key", "nextval", "currval", "setseed", "sleep_ms",
    }
)  # fmt: skip
DENIED_PREFIXES = (
    "read_", "duckdb_", "pragma_", "sqlite_", "postgres_", "mysql_", "ducklake_", "iceberg_", "delta_", "parquet_",
    "scan_", "arrow_scan", "pandas_scan", "python_map", "seq_scan", "index_scan", "enable_", "disable_", "set_",
    "force_", "test_", "pg_get_", "write_", "copy_", "load_", "http_", "st_read", "from_", "checkpoint", "vacuum",
    "truncate_duckdb",
)  # fmt: skip
ALLOWED_DESPITE_PREFIX = frozenset(
    {"from_base64", "from_hex", "from_binary", "from_json", "from_json_strict", "set_bit", "test_all_types"}
)
SYSTEM_SCHEMAS = frozenset({"information_schema", "pg_catalog", "system"})
SYSTEM_TABLES = re.compile(r"^(?:duckdb_|pragma_|sqlite_|pg_|__ducklake)", re.I)
FILE_LIKE = re.compile(
    r"[/\\:*?]|\.(?:csv|tsv|txt|parquet|json|ndjson|jsonl|gz|zst|db|duckdb|sqlite|xlsx|arrow|feather)$", re.I
)
CATALOGS = frozenset({"", "lake", "memory", "temp"})
SHOWABLE = frozenset({'"tables"', "tables", '"views"', "views"})
READ_WORDS = frozenset(
    {
        "SELECT", "WITH", "VALUES", "FROM", "TABLE", "SUMMARIZE", "DESCRIBE", "DESC", "SHOW", "EXPLAIN", "PIVOT",
        "PIVOT_WIDER", "UNPIVOT", "PIVOT_LONGER", "(",
    }
)  # fmt: skip
WRITING = frozenset({"CREATE", "INSERT", "UPDATE", "DELETE", "MERGE_INTO", "ALTER", "DROP"})


def is_denied(function: str) -> bool:
    """Whether a function of this name is refused wherever it stands."""
    name = function.lower()
    if name in DENIED_FUNCTIONS:
        return True
    return name.startswith(DENIED_PREFIXES) and name not in ALLOWED_DESPITE_PREFIX


def refused(what: str) -> EngineError:
    """The error for something that the guard does not let through."""
    return EngineError("not_allowed", f"{what} is not allowed here.")
