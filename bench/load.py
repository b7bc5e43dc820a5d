"""Many short queries at once: 50 a second from 8 clients for a minute."""

from __future__ import annotations

import statistics
import threading
import time

import urllib3

from bench.latency import flights_csv
from bench.table import Row
from bench.workspace import Workspace, workspace

TITLE = "Fifty queries a second"
NOTE = (
    "8 clients through the proxy, together 50 queries a second for 60 s over flights (point lookups, filters, aggregates, each with another "
    "parameter), from the moment at which each was due."
)
CLIENTS, PER_SECOND, SECONDS = 8, 50, 60
STATEMENTS = (
    "select * from flights where flight = $n limit 20",
    "select carrier, avg(dep_delay) from flights where month = 1 + $n % 12 group by carrier",
    "select count(*) from flights where distance > $n",
    "select $n + 1",
)


def client(place: Workspace, number: int, begin: float, times: list[float], lost: list[str]) -> None:
    """Sends every eighth query when it is due; notes the time from then to the answer."""
    connection = place.connection()
    for query in range(number, PER_SECOND * SECONDS, CLIENTS):
        due = begin + query / PER_SECOND
        time.sleep(max(0.0, due - time.perf_counter()))
        try:
            connection.query(STATEMENTS[query % len(STATEMENTS)], params={"n": query})
        except (
            RuntimeError,
            urllib3.exceptions.HTTPError,
        ) as error:  # whatever went wrong is a lost query, which the table then tells
            lost.append(repr(error))
        times.append((time.perf_counter() - due) * 1000)


def run() -> list[Row]:
    """One minute."""
    times: list[float] = []
    lost: list[str] = []
    with workspace() as place:
        place.add(flights_csv(place.folder), "flights")
        begin = time.perf_counter() + 1
        threads = [threading.Thread(target=client, args=(place, n, begin, times, lost)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[18]
    sent = f"{len(times) - len(lost):,} of {len(times):,}"
    return [
        Row("p50 / p95", f"{p50:.1f} / {p95:.1f} ms", "–", "–", "–", "p95 ≤ 100 ms", p95 <= 100),
        Row("answered", sent, "–", "–", "–", "all", not lost),
    ]
