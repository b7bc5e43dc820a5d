"""What an engine's processes take of a processor until the first import and the first query are done."""

from __future__ import annotations

import asyncio
import hashlib
import resource
import statistics
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import psutil
from deita_engine.access import nothing
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import ImportSpec, QuerySpec

from bench.table import Row

ROUNDS = 5
TITLE = "Starting an engine"
NOTE = (
    f"Seconds of processor time, medians of {ROUNDS}. The peer is a Python with duckdb and pyarrow that does the same by hand: loads "
    "sqlite_scanner and ducklake from the same wheels, verified as DuckDB does, attaches a new lake and fills a table from the CSV file; and one that reads the Parquet file."
)
WRITE = """
import sys, duckdb, pyarrow
from deita_engine.settings import load_extension
folder, connection = sys.argv[1], duckdb.connect()
for name in ("sqlite_scanner", "ducklake"):
    load_extension(connection, name)
connection.execute(f"ATTACH 'ducklake:sqlite:{folder}/lake.sqlite' AS lake (DATA_PATH '{folder}/lake')")
connection.execute(f"CREATE TABLE lake.a AS FROM read_csv('{folder}/a.csv')")
connection.execute(f"COPY lake.a TO '{folder}/a.parquet'")
"""
READ = """
import sys, duckdb, pyarrow
duckdb.connect().execute(f"FROM read_parquet('{sys.argv[1]}/a.parquet')").to_arrow_table()
"""


def alone(folder: Path, code: str) -> float:
    """Seconds that a Python takes for the code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


async def _over(run: Run) -> None:
    if not await run.wait(60) or run.state != "done":
        raise RuntimeError(f"{run.state}: {run.error}")


async def deita(folder: Path) -> tuple[float, float]:
    """Seconds of the process that writes and of the one that reads."""
    file, storage = folder / "a.csv", folder / "storage"
    spool = storage / "people" / "me" / "spool"
    engine = Engine(EngineConfig(storage, spool, readable=(folder,), memory_bytes=2**31, threads=2), nothing)
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        await _over(await engine.import_file(ImportSpec(str(uuid.uuid4()), str(file), file.name, digest, "a", "me")))
        await _over(await engine.run(QuerySpec(str(uuid.uuid4()), "FROM a", "me")))
        spent = {}
        for process in psutil.Process().children():
            words, times = process.cmdline(), process.cpu_times()
            if "deita_engine" in words:
                spent["write" if '"role": "write"' in words[-1] else "read"] = times.user + times.system
        return spent["write"], spent["read"]
    finally:
        await engine.stop()


def run() -> list[Row]:
    """Both in turns, each on an empty folder."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "a.csv").write_text("a,b\n1,2\n3,4\n")
            ours.append(asyncio.run(deita(folder)))
            theirs.append((alone(folder, WRITE), alone(folder, READ)))
    what = ("first import, the process that writes", "first query, the process that reads")
    medians = [map(statistics.median, zip(*each, strict=True)) for each in (ours, theirs)]
    return [_row(*each) for each in zip(what, *medians, strict=True)]


def _row(what: str, ours: float, theirs: float) -> Row:
    return Row(what, f"{ours:.2f} s", "by hand", f"{theirs:.2f} s", f"× {ours / theirs:.2f}", "", None)
