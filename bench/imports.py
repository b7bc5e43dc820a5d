"""A CSV of 1 GB: how close an import comes to DuckDB's own CSV to Parquet."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import httpx

from bench.running import running
from bench.server import EnginePeak, Growth, server_process
from bench.table import Row

TITLE = "Importing 1 GB of CSV"
NOTE = "From the POST of the import to `done`, against `COPY (FROM read_csv(…)) TO … (FORMAT parquet)` with the same threads; median of 3 in turns."
PLAIN = """
import sys, time, duckdb
con = duckdb.connect()
con.execute("set enable_progress_bar = false")
begin = time.perf_counter()
con.execute(f"copy (from read_csv('{sys.argv[1]}')) to '{sys.argv[2]}' (format parquet)")
print(time.perf_counter() - begin)
"""
ROWS = "select i, i % 1000 as k, i * 0.25 as x, random() as y, 'name ' || (i % 5000) as name, i % 7 = 0 as flag, timestamp '2026-01-01' + to_seconds(i) as at from range(13_500_000) t(i)"


def plain(file: Path, folder: Path) -> float:
    """Seconds that DuckDB alone takes."""
    command = [sys.executable, "-c", PLAIN, str(file), str(folder / "plain.parquet")]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def imported(client: httpx.Client, api: str, table: str, file: str = "big.csv") -> float:
    """Seconds from the POST to the end of the import."""
    begin = time.perf_counter()
    state = client.post(f"{api}/imports", json={"file": file, "table": table}).raise_for_status().json()
    while state["state"] not in ("done", "failed", "cancelled"):
        state = client.get(f"{api}/imports/{state['id']}", params={"wait_ms": 2000}).json()
    if state["state"] != "done":
        raise RuntimeError(state)
    return time.perf_counter() - begin


def run() -> list[Row]:
    """One upload, then three imports and three plain conversions in turns."""
    with (
        tempfile.TemporaryDirectory(prefix="deita-bench-") as name,
        running(Path(name) / "home") as deita,
        deita.client() as client,
    ):
        folder = Path(name)
        duckdb.connect().execute(f"copy ({ROWS}) to '{folder / 'big.csv'}' (header)")
        size = (folder / "big.csv").stat().st_size
        client.post(f"{deita.control}/workspaces", json={"name": "bench"}).raise_for_status()
        api = deita.open(client, "bench")
        server = server_process(deita, "bench")
        with (folder / "big.csv").open("rb") as body, Growth(server) as sending:
            begin = time.perf_counter()
            client.put(f"{api}/files/big.csv", content=body, timeout=600).raise_for_status()
            upload = time.perf_counter() - begin
        ours, theirs, growth, engine = [], [], 0, 0
        for turn in range(3):
            theirs.append(plain(folder / "big.csv", folder))
            with Growth(server) as grown, EnginePeak(server) as taken:
                ours.append(imported(client, api, f"big_{turn}"))
            growth, engine = max(growth, grown.peak), max(engine, taken.peak)
    mean, peer = statistics.median(ours), statistics.median(theirs)
    rate = f"{size / mean / 1e6:.0f} MB/s"
    return [
        Row("detection and import", rate, "DuckDB read_csv → Parquet", f"{size / peer / 1e6:.0f} MB/s", f"{peer / mean:.0%}", "≥ 70 %", peer / mean >= 0.7),
        Row("engine RSS, peak", f"{engine / 1e6:.0f} MB", "–", "–", "–", "≤ 1 GB", engine <= 1e9),
        Row("server RSS growth, import", f"{growth / 1e6:.0f} MB", "–", "–", "–", "≤ 100 MB", growth <= 100e6),
        Row("server RSS growth, upload", f"{sending.peak / 1e6:.0f} MB", "–", "–", "–", "≤ 100 MB", sending.peak <= 100e6),
        Row("upload through the proxy", f"{size / upload / 1e6:.0f} MB/s", "–", "–", "–", "–", True),
    ]  # fmt: skip
