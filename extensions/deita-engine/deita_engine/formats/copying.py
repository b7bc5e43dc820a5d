"""Writing what a plan reads."""

from __future__ import annotations

import duckdb

from deita_engine.lake_files import NewFile
from deita_engine.reader import literal

from .plan import Plan


def copy(connection: duckdb.DuckDBPyConnection, plan: Plan, file: NewFile) -> int:
    """Write the plan's rows into a Parquet file; returns how many they are."""
    options = file.options(len(plan.columns))
    counted = connection.execute(f"COPY ({plan.sql}) TO {literal(file.path)} {options}").fetchall()
    return int(counted[0][0])
