"""A big result: how close the data plane comes to the rate at which DuckDB alone writes the same Arrow file."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import urllib3

from bench.running import Deita, running
from bench.server import Growth, direct_api, server_process, workspace_folder
from bench.table import Row

TITLE = "Ten million rows as Arrow"
NOTE = (
    "10,000,000 rows × 7 columns (integers, doubles, text, timestamp), the whole result; rates are rows per second, median "
    "of 3 in turns. The peer is one process with DuckDB on the same Parquet files that writes the result to an Arrow stream file; "
    "each run of either side leaves a new file and begins with nothing waiting for the disk."
)
ROWS = 10_000_000
TABLE = f"""create table big as select i, i % 1000 as k, i * 0.5 as x, random() as y, 'name ' || (i % 5000) as name,
            i % 7 = 0 as flag, timestamp '2026-01-01' + to_seconds(i) as at from range({ROWS}) t(i)"""
ALONE = """
import sys, time, duckdb, pyarrow as pa
con = duckdb.connect()
con.execute("set enable_progress_bar = false")
begin = time.perf_counter()
with pa.OSFile(sys.argv[2], "wb") as sink:
    reader = con.sql(f"select * from read_parquet({sys.argv[1]})").to_arrow_reader(2048)
    with pa.ipc.new_stream(sink, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
print(time.perf_counter() - begin)
"""
KERNEL = """
import time, deita
workspace = deita.workspace()
workspace.sql("select 1").arrow()
begin = time.perf_counter()
table = workspace.run("select * from big", cache=False).arrow()
print(time.perf_counter() - begin)
assert table.num_rows == 10_000_000
"""


def alone(files: list[str], target: Path) -> float:
    """Seconds that DuckDB alone takes for the same Arrow file."""
    os.sync()
    command = [sys.executable, "-c", ALONE, repr(files), str(target)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def fetched(deita: Deita, api: str) -> tuple[float, float]:
    """Seconds to the first byte of the result and to its end, from the POST on, at the server's socket."""
    pool = urllib3.PoolManager(maxsize=2, headers={"Authorization": f"Bearer {deita.token()}"})
    pool.request("GET", f"{api}/health").close()
    os.sync()
    begin = time.perf_counter()
    body = json.dumps({"sql": "select * from big", "wait_ms": 0, "cache": False})
    query = pool.request(
        "POST", f"{api}/queries", body=body, headers={**pool.headers, "Content-Type": "application/json"}
    ).json()
    answer = pool.request("GET", f"{api}/queries/{query['id']}/results?format=arrow", preload_content=False)
    first, size = 0.0, 0
    while chunk := answer.read1(1 << 20):
        first = first or time.perf_counter() - begin
        size += len(chunk)
    if size < ROWS * 30:
        raise RuntimeError(f"the result was cut at {size} bytes")
    return first, time.perf_counter() - begin


def in_kernel(deita: Deita, api: str, folder: Path) -> float:
    """Seconds until a client on the same machine holds the result as an Arrow table."""
    environment = {
        **os.environ, "DEITA_API": api, "DEITA_TOKEN": deita.token(), "DEITA_WORKSPACE": "bench",
        "DEITA_SPOOL": str(folder / "people" / "me" / "spool"),
    }  # fmt: skip
    os.sync()
    return float(
        subprocess.run(
            [sys.executable, "-c", KERNEL], env=environment, capture_output=True, text=True, check=True
        ).stdout
    )


def run() -> list[Row]:
    """All of it on one Deita with one big table."""
    with tempfile.TemporaryDirectory(prefix="deita-bench-") as folder, running(Path(folder) / "home") as deita:
        with deita.client() as client:
            client.post(f"{deita.control}/workspaces", json={"name": "bench"}).raise_for_status()
            api = deita.open(client, "bench")
            made = client.post(f"{api}/queries", json={"sql": TABLE, "mode": "write", "wait_ms": 60000}).json()
            assert made["state"] == "done", made
        server = server_process(deita, "bench")
        storage, direct = workspace_folder(server), direct_api(server)
        files = [str(file) for file in (storage / "lake").rglob("*.parquet")]
        fetched(deita, direct)
        plain, firsts, totals, kernels, growth = [], [], [], [], 0
        for turn in range(3):
            plain.append(alone(files, Path(folder) / f"alone-{turn}.arrow"))
            with Growth(server) as grown:
                first, total = fetched(deita, direct)
            firsts.append(first)
            totals.append(total)
            growth = max(growth, grown.peak)
            kernels.append(in_kernel(deita, direct, storage))
    return rows(
        statistics.median(plain),
        statistics.median(firsts),
        statistics.median(totals),
        statistics.median(kernels),
        growth,
    )


def rows(plain: float, first: float, total: float, kernel: float, growth: int) -> list[Row]:
    """The figures as rows of the table."""
    peer, peers = "DuckDB alone to an Arrow file", f"{ROWS / plain / 1e6:.1f} M rows/s"
    return [
        Row("first byte at the server's socket", f"{first * 1000:.0f} ms", "–", "–", "–", "≤ 50 ms", first <= 0.05),
        Row("whole result at the server's socket", f"{ROWS / total / 1e6:.1f} M rows/s", peer, peers, f"{plain / total:.0%}", "≥ 60 %", plain / total >= 0.6),
        Row("into a kernel, mapped", f"{ROWS / kernel / 1e6:.1f} M rows/s", peer, peers, f"{plain / kernel:.0%}", "≥ 85 %", plain / kernel >= 0.85),
        Row("server RSS growth", f"{growth / 1e6:.0f} MB", "–", "–", "–", "≤ 100 MB", growth <= 100e6),
    ]  # fmt: skip
