"""What the first Deita did for each query, a new DuckDB with httpfs loaded and the CSV parsed again, against a table."""

from __future__ import annotations

import functools
import http.server
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.latency import AGGREGATE, flights_csv
from bench.running import BIN
from bench.table import Row
from bench.workspace import workspace

TITLE = "Against the first Deita's way"
NOTE = (
    "A 10-row aggregate over flights.csv. The first Deita opened DuckDB for each query, loaded httpfs and parsed the CSV from its store again (here: from a "
    "server on the same machine); the peer does just that within one running process. Median of 11 in turns."
)
TIMES = 11
PER_QUERY = """
import sys, time, importlib.util, duckdb
from pathlib import Path
root = Path(importlib.util.find_spec("duckdb_extension_httpfs").submodule_search_locations[0])
extension = root / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"
for line in sys.stdin:
    begin = time.perf_counter()
    con = duckdb.connect()
    con.execute(f"load '{extension}'")
    con.execute(line).fetchall()
    con.close()
    print(time.perf_counter() - begin, flush=True)
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that keeps no log."""

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder over HTTP; the address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def run() -> list[Row]:
    """Both ways in turns."""
    python = str(BIN.parent / "peers" / "bin" / "python")
    ours, theirs = [], []
    with workspace() as place:
        place.add(flights_csv(place.folder), "flights")
        connection = place.connection()
        with (
            served(place.folder) as address,
            subprocess.Popen(
                [python, "-c", PER_QUERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            ) as peer,
        ):
            assert peer.stdin is not None and peer.stdout is not None
            for _ in range(TIMES):
                peer.stdin.write(AGGREGATE.format(f"read_csv('{address}/flights.csv', nullstr='NA')") + "\n")
                peer.stdin.flush()
                theirs.append(float(peer.stdout.readline()) * 1000)
                begin = time.perf_counter()
                connection.query(AGGREGATE.format("flights"))
                ours.append((time.perf_counter() - begin) * 1000)
            peer.stdin.close()
    mine, other = statistics.median(ours), statistics.median(theirs)
    return [Row("10-row aggregate over flights", f"{mine:.1f} ms", "open, load httpfs, parse again", f"{other:.0f} ms", f"× {other / mine:.0f} faster", "–", True)]  # fmt: skip
