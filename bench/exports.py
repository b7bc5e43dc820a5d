"""Ten million rows in the other formats: how close they come to DuckDB's own COPY, and when the first byte is there."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import urllib3

from bench.arrow import ROWS, TABLE
from bench.table import Row
from bench.workspace import Workspace, workspace

TITLE = "Ten million rows as Parquet, CSV and NDJSON"
NOTE = (
    "10,000,000 rows × 7 columns, from the POST of the query to the last byte at the server's socket; rates are rows per second, median of 3 in turns. "
    "The peer is one process with DuckDB on the same Parquet files that writes the same format by COPY; of NDJSON fetchall and json.dumps, on a tenth of the rows."
)
COPY = """
import sys, time, duckdb
con = duckdb.connect()
con.execute("set enable_progress_bar = false")
begin = time.perf_counter()
con.execute(f"copy (from read_parquet({sys.argv[1]})) to '{sys.argv[2]}' ({sys.argv[3]})")
print(time.perf_counter() - begin)
"""
DUMPS = """
import sys, time, json, duckdb
con = duckdb.connect()
con.execute("set enable_progress_bar = false")
begin = time.perf_counter()
cursor = con.execute(f"from read_parquet({sys.argv[1]}) limit 1000000")
names = [column[0] for column in cursor.description]
with open(sys.argv[2], "w") as out:
    for row in cursor.fetchall():
        out.write(json.dumps(dict(zip(names, row)), default=str) + "\\n")
print(time.perf_counter() - begin)
"""
FORMATS = {"parquet": "format parquet", "csv": "format csv, header true"}


def alone(program: str, *words: str) -> float:
    """Seconds that a process of its own says."""
    os.sync()
    command = [sys.executable, "-c", program, *words]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def fetched(place: Workspace, direct: str, format: str) -> tuple[float, float]:
    """Seconds to the first byte and to the end of a result in a format."""
    headers = {"Authorization": f"Bearer {place.deita.token()}", "Content-Type": "application/json"}
    pool = urllib3.PoolManager(maxsize=1, headers=headers)
    pool.request("GET", f"{direct}/health").close()
    os.sync()
    begin = time.perf_counter()
    body = json.dumps({"sql": "select * from big", "wait_ms": 0, "cache": False})
    query = pool.request("POST", f"{direct}/queries", body=body).json()
    url = f"{direct}/queries/{query['id']}/results?format={format}"
    answer = pool.request("GET", url, preload_content=False, timeout=600)
    first = 0.0
    while answer.read1(1 << 20):
        first = first or time.perf_counter() - begin
    if answer.status != 200:
        raise RuntimeError(f"{format}: {answer.status}")
    return first, time.perf_counter() - begin


def run() -> list[Row]:
    """Each format in turns with its peer."""
    with workspace() as place:
        place.write(TABLE)
        files, direct, target = repr(place.parquet("big")), place.direct, str(Path(place.folder) / "alone")
        table = []
        for format, options in FORMATS.items():
            ours, theirs = [], []
            for _ in range(3):
                theirs.append(alone(COPY, files, target, options))
                ours.append(fetched(place, direct, format)[1])
            table.append(_row(format, statistics.median(ours), statistics.median(theirs)))
        dumped = statistics.median(alone(DUMPS, files, target) for _ in range(3)) * 10
        lines = [fetched(place, direct, "ndjson") for _ in range(3)]
    total, first = (statistics.median(times) for times in zip(*((whole, first) for first, whole in lines), strict=True))
    return [
        *table,
        Row("NDJSON", _rate(total), "fetchall + json.dumps", _rate(dumped), f"× {dumped / total:.1f}", "≥ × 3", dumped / total >= 3),
        Row("NDJSON, first byte", f"{first * 1000:.0f} ms", "–", "–", "–", "≤ 100 ms", first <= 0.1),
    ]  # fmt: skip


def _rate(seconds: float) -> str:
    return f"{ROWS / seconds / 1e6:.2f} M rows/s"


def _row(format: str, ours: float, theirs: float) -> Row:
    share = theirs / ours
    return Row(
        format.upper() if format == "csv" else format.capitalize(), _rate(ours), "DuckDB's COPY", _rate(theirs), f"{share:.0%}", "≥ 70 %", share >= 0.7
    )  # fmt: skip
