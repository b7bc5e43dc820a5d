"""A table's profile: how long what each column holds takes, beside DuckDB's own SUMMARIZE."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import httpx

from bench.running import running
from bench.table import Row

TITLE = "The profile of 10 M rows × 10 columns"
NOTE = "`GET /tables/{t}/profile` of a version that nobody asked about before, against `SUMMARIZE` of the same table in the same engine; median of 3 in turns. Once found, it is kept."
TABLE = """create or replace table wide as select i as id, i % 1000 as k, i * 0.25 as x, random() as y, 'name ' || (i % 5000) as name,
 i % 7 = 0 as flag, timestamp '2026-01-01' + to_seconds(i) as at, date '2020-01-01' + (i % 2000)::int as day,
 (random() * 1000000)::int as big, if(i % 10 = 0, null, (i % 97)::double) as z from range(10_000_000) t(i)"""


def timed(client: httpx.Client, method: str, path: str, **body: object) -> float:
    """Seconds of one request."""
    begin = time.perf_counter()
    answer = client.request(method, path, timeout=300, **({"json": body} if body else {})).raise_for_status().json()
    if answer.get("state", "done") != "done":
        raise RuntimeError(answer)
    return time.perf_counter() - begin


def run() -> list[Row]:
    """A new version before each turn, then SUMMARIZE, the profile, and the profile again."""
    with (
        tempfile.TemporaryDirectory(prefix="deita-bench-") as name,
        running(Path(name) / "home") as deita,
        deita.client() as client,
    ):
        client.post(f"{deita.control}/workspaces", json={"name": "bench"}).raise_for_status()
        api = deita.open(client, "bench")
        ours, kept, theirs = [], [], []
        for _ in range(3):
            timed(client, "POST", f"{api}/queries", sql=TABLE, mode="write", wait_ms=300_000)
            theirs.append(timed(client, "POST", f"{api}/queries", sql="SUMMARIZE wide", wait_ms=300_000, cache=False))
            ours.append(timed(client, "GET", f"{api}/tables/wide/profile"))
            kept.append(timed(client, "GET", f"{api}/tables/wide/profile"))
    mean, peer, again = (statistics.median(times) for times in (ours, theirs, kept))
    good = mean <= 2 or mean <= 2.5 * peer
    return [
        Row("profile", f"{mean:.2f} s", "SUMMARIZE", f"{peer:.2f} s", f"× {mean / peer:.2f}", "≤ 2 s or ≤ × 2.5", good),
        Row("profile, kept", f"{again * 1000:.0f} ms", "–", "–", "–", "–", True),
    ]
