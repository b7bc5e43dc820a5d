"""Cancelling: how long after DELETE the engine still computes."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

import httpx
import psutil

from bench.running import running, until
from bench.server import server_process
from bench.table import Row

TITLE = "Cancelling heavy statements"
NOTE = (
    "Milliseconds from `DELETE /queries/{id}` until its answer and until the engine's processor time stands still (less than 10 ms in 100), the worst of 3. Each statement had "
    "used half a second of processor time. What cannot be interrupted is killed after two seconds."
)
HEAVY = {
    "cross join with an aggregate": "select count(*) from range(10000000) a, range(10000000) b where a.range + b.range = -1",
    "recursion": "with recursive r(n) as (select 1 union all select n + 1 from r where n < 1000000000) select count(*) from r",
    "regular expressions over long texts": "select count(*) from range(100000000) where regexp_matches(repeat('ab', 20000) || range, '(a|b)*c$')",
    "sort that spills": "select * from (select hash(range) as h, range from range(300000000)) order by h offset 100000000 limit 1",
    "window": "select sum(x) from (select sum(hash(range) % 7) over (order by hash(range)) x from range(100000000))",
    "lists": "select sum(len(list_sort(list_transform(range(range % 10000), x -> hash(x))))) from range(100000000)",
}


class Work:
    """When a process last computed: `busy_until`, in seconds of `time.monotonic`, watched inside a `with` block."""

    def __init__(self, process: psutil.Process) -> None:
        self.process, self.busy_until = process, time.monotonic()
        self.over = threading.Event()

    def used(self) -> float:
        """Seconds of processor time; what is gone computes no more."""
        try:
            times = self.process.cpu_times()
        except psutil.NoSuchProcess:
            return 0.0
        return float(times.user + times.system)

    def __enter__(self) -> Work:
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def _watch(self) -> None:
        before = self.used()
        while not self.over.wait(0.1):
            now = self.used()
            if now - before > 0.01:
                self.busy_until = time.monotonic()
            before = now

    def __exit__(self, *raised: object) -> None:
        self.over.wait(1)
        self.over.set()
        self.thread.join()


def engine_process(server: psutil.Process) -> psutil.Process:
    """The engine that reads."""
    for process in server.children(recursive=True):
        if "deita_engine" in process.cmdline() and '"role": "read"' in " ".join(process.cmdline()):
            return process
    raise LookupError("no engine runs")


def cancelled(client: httpx.Client, api: str, server: psutil.Process, sql: str) -> tuple[float, float]:
    """Milliseconds until the answer, and until the engine is idle."""
    client.post(f"{api}/queries", json={"sql": "select 1"}).raise_for_status()
    work = Work(engine_process(server))
    begun = work.used()
    query = client.post(f"{api}/queries", json={"sql": sql, "wait_ms": 0}).raise_for_status().json()
    until(lambda: work.used() - begun > 0.5, what="the statement's work")
    with work:
        begin = time.monotonic()
        state = client.delete(f"{api}/queries/{query['id']}").raise_for_status().json()["state"]
        answered = time.monotonic()
    if state != "cancelled":
        raise RuntimeError(f"{sql}: {state}")
    return (answered - begin) * 1000, max(0.0, work.busy_until - begin) * 1000


def run() -> list[Row]:
    """Each statement three times."""
    rows = []
    with (
        tempfile.TemporaryDirectory(prefix="deita-bench-") as name,
        running(Path(name) / "home") as deita,
        deita.client() as client,
    ):
        client.post(f"{deita.control}/workspaces", json={"name": "bench"}).raise_for_status()
        api = deita.open(client, "bench")
        server = server_process(deita, "bench")
        for what, sql in HEAVY.items():
            answered, idle = (
                max(times) for times in zip(*(cancelled(client, api, server, sql) for _ in range(3)), strict=True)
            )
            rows.append(
                Row(what, f"answered {answered:.0f} ms", "–", "–", f"idle {idle:.0f} ms", "≤ 1000 ms", idle <= 1000)
            )
    return rows
