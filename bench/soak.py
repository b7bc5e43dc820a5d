"""`python -m bench.soak [GB]`: does the rate of an import hold from 1 GB to 10 GB, and the engine's memory?

Not part of `make bench`: it takes minutes and three times the file's size on the disk.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import duckdb

from bench.imports import imported
from bench.running import running
from bench.server import EnginePeak, server_process

ROWS_PER_GB = 13_500_000
ROWS = """select i, i % 1000 as k, i * 0.25 as x, random() as y, 'name ' || (i % 5000) as name, i % 7 = 0 as flag,
          timestamp '2026-01-01' + to_seconds(i) as at from range({}) t(i)"""
TOLERANCE = 0.15


def main(gigabytes: int) -> int:
    """Import 1 GB and then so many; prints both rates and peaks, returns 1 when rate or memory do not hold."""
    rates, peaks = [], []
    with tempfile.TemporaryDirectory(prefix="deita-soak-") as name, running(Path(name) / "home") as deita:
        need = gigabytes * 3 * 10**9
        if shutil.disk_usage(name).free < need:
            print(f"this takes {need / 1e9:.0f} GB of free space in {tempfile.gettempdir()}", file=sys.stderr)
            return 2
        with deita.client() as client:
            client.post(f"{deita.control}/workspaces", json={"name": "soak"}).raise_for_status()
            api = deita.open(client, "soak")
            server = server_process(deita, "soak")
            for size in (1, gigabytes):
                file = Path(name) / f"of_{size}_gb.csv"
                with duckdb.connect() as connection:
                    connection.execute("set enable_progress_bar = false")
                    connection.execute(f"copy ({ROWS.format(ROWS_PER_GB * size)}) to '{file}' (header)")
                with file.open("rb") as body:
                    client.put(f"{api}/files/{file.name}", content=body, timeout=3600).raise_for_status()
                length = file.stat().st_size
                file.unlink()
                with EnginePeak(server) as taken:
                    rates.append(length / imported(client, api, f"of_{size}", file.name) / 1e6)
                peaks.append(taken.peak / 1e6)
                print(f"{length / 1e9:.1f} GB: {rates[-1]:.0f} MB/s, engine at most {peaks[-1]:.0f} MB", flush=True)
    held = rates[1] >= rates[0] * (1 - TOLERANCE) and peaks[1] <= max(1000, peaks[0] * (1 + TOLERANCE))
    print("it holds" if held else "it does not hold")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
