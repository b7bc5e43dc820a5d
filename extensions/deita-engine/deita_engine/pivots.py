"""PIVOT whose values are found in the data: DuckDB runs it as several statements, a type with the values first."""

from __future__ import annotations

from typing import Any

import duckdb


def execute(connection: duckdb.DuckDBPyConnection, sql: str, params: dict[str, Any] | None) -> None:
    """Run the statements, without the transaction that DuckDB puts around them: its end would answer last, and what
    fails in it would leave it open.
    """
    for statement in connection.extract_statements(sql):
        if statement.type != duckdb.StatementType.TRANSACTION:
            connection.execute(statement, params if statement.named_parameters else None)
