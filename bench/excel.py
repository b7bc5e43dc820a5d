"""A workbook of 200,000 rows × 5 columns: an import against DuckDB's excel extension alone."""

from __future__ import annotations

import datetime
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import openpyxl

from bench.imports import imported
from bench.running import running
from bench.table import Row

TITLE = "Importing a workbook of 200,000 rows × 5 columns"
NOTE = "From the POST of the import to `done`, against `COPY (FROM read_xlsx(…)) TO … (FORMAT parquet)` with the excel extension; median of 5 in turns after one of each."
ROWS = 200_000
TURNS = 5
PLAIN = """
import sys, time, duckdb, importlib.util, pathlib
root = pathlib.Path(importlib.util.find_spec("duckdb_extension_excel").submodule_search_locations[0])
con = duckdb.connect()
con.execute("SET enable_progress_bar = false")
con.execute(f"LOAD '{root / 'extensions' / ('v' + duckdb.__version__) / 'excel.duckdb_extension'}'")
begin = time.perf_counter()
con.execute(f"copy (from read_xlsx('{sys.argv[1]}')) to '{sys.argv[2]}' (format parquet)")
print(time.perf_counter() - begin)
"""


def made(file: Path) -> None:
    """Writes the workbook: whole numbers, text, fractions, dates, truth values."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sales")
    sheet.append(["id", "name", "amount", "day", "paid"])
    first = datetime.date(2020, 1, 1)
    for n in range(ROWS):
        sheet.append([n, f"name {n % 5000}", n * 0.25, first + datetime.timedelta(days=n % 1000), n % 7 == 0])
    book.save(file)


def plain(file: Path, folder: Path) -> float:
    """Seconds that the excel extension takes."""
    command = [sys.executable, "-c", PLAIN, str(file), str(folder / "plain.parquet")]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def run() -> list[Row]:
    """One upload, then imports and plain conversions in turns."""
    with (
        tempfile.TemporaryDirectory(prefix="deita-bench-") as name,
        running(Path(name) / "home") as deita,
        deita.client() as client,
    ):
        folder = Path(name)
        made(folder / "book.xlsx")
        client.post(f"{deita.control}/workspaces", json={"name": "bench"}).raise_for_status()
        api = deita.open(client, "bench")
        with (folder / "book.xlsx").open("rb") as body:
            client.put(f"{api}/files/book.xlsx", content=body).raise_for_status()
        ours, theirs = [], []
        for turn in range(TURNS + 1):
            theirs.append(plain(folder / "book.xlsx", folder))
            ours.append(imported(client, api, f"book_{turn}", "book.xlsx"))
    mean, peer = statistics.median(ours[1:]), statistics.median(theirs[1:])
    return [Row("import of the workbook", f"{mean:.2f} s", "excel extension", f"{peer:.2f} s", f"{mean / peer:.2f} ×", "≤ 2.5 ×", mean / peer <= 2.5)]  # fmt: skip
