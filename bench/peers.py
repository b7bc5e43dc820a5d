"""The same table behind three servers: Deita, Mosaic's duckdb-server, Datasette."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import duckdb
import urllib3

from bench.latency import percentiles
from bench.running import BIN, free_port, until
from bench.table import Row
from bench.workspace import Workspace, workspace

TITLE = "Beside other servers"
NOTE = (
    "One table of 1,000,000 rows × 7 columns. Deita goes through hub's proxy, with rights, history and receipts; duckdb-server has the table in a DuckDB file of its "
    "own, Datasette in SQLite with an index on what is looked up. Point and aggregate: 200 requests over a kept-alive connection after 20, p50 / p95; the "
    "whole table: Arrow from the first two, newline-delimited JSON from Datasette, median of 3."
)
ROWS = 1_000_000
TABLE = f"""select i, i % 1000 as k, i * 0.5::double as x, random() as y, 'name ' || (i % 5000) as name, i % 7 = 0 as flag,
            timestamp '2026-01-01' + to_seconds(i) as at from range({ROWS}) t(i)"""
POINT = "select i, k, x, name from big where i = 777777"
AGGREGATE = "select k, count(*) as n, avg(x) as mean from big group by k order by n desc, k limit 10"
WHOLE = "select * from big"
Ask = Callable[[str], object]


@contextlib.contextmanager
def served(command: list[str], url: str) -> Iterator[None]:
    """A server process that answers at `url`."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pool = urllib3.PoolManager()

    def answers() -> bool:
        try:
            return pool.request("GET", url, retries=False).status < 600
        except urllib3.exceptions.HTTPError:
            return False

    try:
        until(answers, what=command[0])
        yield
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def duckdb_server(folder: Path) -> Iterator[Ask]:
    """Mosaic's server on a DuckDB file; its port cannot be chosen."""
    url = "http://127.0.0.1:3000/"
    command = [str(BIN.parent / "peers" / "bin" / "duckdb-server"), str(folder / "big.duckdb")]
    with served(command, url):
        pool = urllib3.PoolManager(maxsize=1)

        def ask(sql: str) -> object:
            body = json.dumps({"type": "arrow", "sql": sql})
            answer = pool.request("POST", url, body=body, timeout=600)
            assert answer.status == 200, answer.data
            return answer.data

        yield ask


@contextlib.contextmanager
def datasette(folder: Path) -> Iterator[Ask]:
    """Datasette on a SQLite file, its limits off."""
    port = free_port()
    limits = ["--setting", "sql_time_limit_ms", "600000", "--setting", "max_returned_rows", str(ROWS + 1)]
    command = [str(BIN / "datasette"), "serve", str(folder / "big.db"), "--port", str(port), *limits]
    with served(command, f"http://127.0.0.1:{port}/-/versions.json"):
        pool = urllib3.PoolManager(maxsize=1)

        def ask(sql: str) -> object:
            url = f"http://127.0.0.1:{port}/big.json?" + urlencode({"sql": sql, "_shape": "array", "_nl": "on"})
            answer = pool.request("GET", url, timeout=600)
            assert answer.status == 200, answer.data[:500]
            return answer.data

        yield ask


def filled(place: Workspace) -> None:
    """The same rows in the workspace, in a DuckDB file and in SQLite."""
    parquet = place.folder / "big.parquet"
    with contextlib.closing(duckdb.connect(str(place.folder / "big.duckdb"))) as native:
        native.execute("set enable_progress_bar = false")
        native.execute(f"create table big as {TABLE}")
        native.execute(f"copy big to '{parquet}' (format parquet)")
        rows = native.execute("select i, k, x, y, name, flag, cast(big.at as varchar) from big").fetchall()
    place.add(parquet, "big")
    with contextlib.closing(sqlite3.connect(place.folder / "big.db")) as lite, lite:
        lite.execute(
            "create table big (i integer primary key, k integer, x real, y real, name text, flag integer, at text)"
        )
        lite.executemany("insert into big values (?, ?, ?, ?, ?, ?, ?)", rows)


def short(ask: Ask, sql: str) -> tuple[float, float]:
    """p50 and p95 in ms."""
    times = []
    for turn in range(220):
        begin = time.perf_counter()
        ask(sql)
        if turn >= 20:
            times.append((time.perf_counter() - begin) * 1000)
    return percentiles(times)


def whole(ask: Ask) -> float:
    """Seconds for the whole table."""
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        ask(WHOLE)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def run() -> list[Row]:
    """Each server in turn for each kind."""
    with workspace() as place:
        filled(place)
        connection = place.connection()
        with duckdb_server(place.folder) as mosaic, datasette(place.folder) as lite:
            peers = {"duckdb-server": mosaic, "Datasette": lite}
            table = []
            for what, sql in (("one row by its number", POINT), ("aggregate, 10 of 1,000 groups", AGGREGATE)):
                ours = short(connection.query, sql)
                table += [_short(what, ours, peer, short(ask, sql)) for peer, ask in peers.items()]
            total = whole(lambda sql: connection.result(sql, "arrow"))
            table += [_whole(total, peer, whole(ask)) for peer, ask in peers.items()]
    return table


def _short(what: str, ours: tuple[float, float], peer: str, theirs: tuple[float, float]) -> Row:
    cells = [f"{p50:.1f} / {p95:.1f} ms" for p50, p95 in (ours, theirs)]
    return Row(what, cells[0], peer, cells[1], f"× {ours[0] / theirs[0]:.2f}", "–", True)


def _whole(ours: float, peer: str, theirs: float) -> Row:
    cells = [f"{ROWS / seconds / 1e6:.2f} M rows/s" for seconds in (ours, theirs)]
    return Row("1,000,000 rows", cells[0], peer, cells[1], f"× {theirs / ours:.1f} the rate", "–", True)
