"""Writing what a plan reads."""

from __future__ import annotations

from pathlib import Path

import duckdb

from deita_engine.reader import literal

from .plan import Plan


def copy(connection: duckdb.DuckDBPyConnection, plan: Plan, file: Path) -> int:
    """Write the plan's rows into a Parquet file; returns how many they are."""
    counted = connection.execute(f"COPY ({plan.sql}) TO {literal(file)} (FORMAT parquet)").fetchall()
    return int(counted[0][0])
