"""TPC-H at scale factor 1 through REST, against DuckDB in one process on the same Parquet files and on tables of its own."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
from deita_engine.settings import load_extension

from bench.table import Row
from bench.workspace import Connection, Workspace, workspace

TITLE = "TPC-H"
NOTE = (
    "Scale factor 1, all 22 queries, through the proxy until the first page is there; best of 3 of each side, in turns. 10 ms are taken "
    "off ours for the way. The peers are DuckDB in one process on the very Parquet files of the workspace, and on tables in a DuckDB file of its own. "
    "Results are compared whole."
)
TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
WAY_MS = 10.0
TIMES = 3
TOLERANCE = 1e-9


def generated(folder: Path) -> tuple[Path, list[str]]:
    """A DuckDB file with the eight tables, these as Parquet beside it, and the 22 statements."""
    file = folder / "tpch.duckdb"
    with closing(duckdb.connect(str(file))) as connection:
        connection.execute("set enable_progress_bar = false")
        load_extension(connection, "tpch")
        connection.execute("call dbgen(sf = 1)")
        for table in TABLES:
            connection.execute(f"copy {table} to '{folder / table}.parquet' (format parquet)")
        statements = connection.execute("select query from tpch_queries() order by query_nr").fetchall()
    return file, [text for (text,) in statements]


def milliseconds(call: Callable[[], object]) -> float:
    """The duration of one call."""
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) * 1000


def same(ours: pa.Table, theirs: pa.Table) -> bool:
    """Whether two results are equal, in order; sums of doubles may differ in the last digits."""
    if ours.num_rows != theirs.num_rows or ours.num_columns != theirs.num_columns:
        return False
    pairs = zip(ours.columns, theirs.columns, strict=True)
    return all(_alike(a, b) for mine, other in pairs for a, b in zip(mine.to_pylist(), other.to_pylist(), strict=True))


def _alike(a: object, b: object) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= TOLERANCE * max(1.0, abs(a), abs(b))
    return a == b


def compared(
    connection: Connection, parquet: duckdb.DuckDBPyConnection, native: duckdb.DuckDBPyConnection, sql: str
) -> tuple[float, float, float]:
    """The best times in ms of one statement: through REST, on Parquet, on native tables; RuntimeError where results differ."""
    ours = pa.ipc.open_stream(connection.result(sql, "arrow")).read_all()
    if not same(ours, parquet.execute(sql).to_arrow_table()):
        raise RuntimeError(f"another result: {sql}")
    calls = (
        lambda: connection.query(sql),
        lambda: parquet.execute(sql).fetchall(),
        lambda: native.execute(sql).fetchall(),
    )
    times = [[milliseconds(call) for call in calls] for _ in range(TIMES)]
    best = [min(column) for column in zip(*times, strict=True)]
    return best[0], best[1], best[2]


def filled(place: Workspace) -> tuple[Path, list[str]]:
    """Imports the tables; returns the peer's file and the statements."""
    file, statements = generated(place.folder)
    for table in TABLES:
        place.add(place.folder / f"{table}.parquet", table)
    return file, statements


def run() -> list[Row]:
    """All statements on the three."""
    with workspace() as place:
        file, statements = filled(place)
        with closing(duckdb.connect()) as parquet, closing(duckdb.connect(str(file), read_only=True)) as native:
            for table in TABLES:
                parquet.execute(f"create view {table} as from read_parquet({place.parquet(table)!r})")
            for peer in (parquet, native):
                peer.execute("set enable_progress_bar = false; set parquet_metadata_cache = true")
            connection = place.connection()
            times = [compared(connection, parquet, native, sql) for sql in statements]
    return rows(times)


def rows(times: list[tuple[float, float, float]]) -> list[Row]:
    """The geometric means as rows of the table."""
    ours = [max(mine - WAY_MS, 0.1) for mine, _, _ in times]
    on_parquet = statistics.geometric_mean(mine / peer for mine, (_, peer, _) in zip(ours, times, strict=True))
    on_native = statistics.geometric_mean(mine / peer for mine, (_, _, peer) in zip(ours, times, strict=True))
    totals = [sum(column) / 1000 for column in zip(*times, strict=True)]
    return [
        Row("22 queries, results equal", f"{totals[0]:.2f} s", "DuckDB in-process, same Parquet", f"{totals[1]:.2f} s", f"× {on_parquet:.2f} (geometric mean)", "≤ × 1.10", on_parquet <= 1.10),
        Row("22 queries", f"{totals[0]:.2f} s", "DuckDB in-process, native tables", f"{totals[2]:.2f} s", f"× {on_native:.2f} (geometric mean)", "–", True),
    ]  # fmt: skip
