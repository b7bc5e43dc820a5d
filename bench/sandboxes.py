"""A server behind bubblewrap against one without walls: request to ready, and what the walls take of memory."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from pathlib import Path

import httpx

from bench.running import Deita, running, until
from bench.server import server_process
from bench.table import Row

TITLE = "Walls around a server"
NOTE = (
    "From the POST until the control plane says ready, in three installations that differ in nothing but their walls: 9 starts "
    "in turns, of which the first does not count, the median of the others."
)
TIMES = 9
SLUG = "start"
PEER = "the same without a sandbox"
WALLS = {
    "none": {"DEITA_SANDBOX": "none"},
    "bubblewrap": {"DEITA_SANDBOX": "bubblewrap"},
    "offline": {"DEITA_SANDBOX": "bubblewrap", "DEITA_SANDBOX_NETWORK": "none"},
}


def spawned(deita: Deita, client: httpx.Client) -> float:
    """Seconds from the POST until the control plane says ready; the server is stopped again."""
    url = f"{deita.control}/workspaces/{SLUG}"
    begin = time.perf_counter()
    client.post(f"{url}/start").raise_for_status()
    while client.get(url).json()["server"]["state"] != "ready":
        time.sleep(0.005)
    return time.perf_counter() - begin


def stopped(deita: Deita, client: httpx.Client) -> None:
    """End the server and wait until it is gone."""
    deita.cli("workspace", "stop", SLUG)
    until(
        lambda: client.get(f"{deita.control}/workspaces/{SLUG}").json()["server"]["state"] == "stopped", 30, "the end"
    )


def walls_pss(deita: Deita) -> float:
    """MiB of the processes that only hold the walls: `bwrap` outside and the sandbox's first process."""
    parents = server_process(deita, SLUG).parents()[:2]
    return sum(each.memory_full_info().pss for each in parents if each.name() in ("bwrap", "sh")) / 1024**2


def run() -> list[Row]:
    """Start a server in turns in three installations that differ in nothing but their walls."""
    with tempfile.TemporaryDirectory(prefix="deita-bench-") as folder, contextlib.ExitStack() as stack:
        sides = []
        for name, given in WALLS.items():
            deita = stack.enter_context(running(Path(folder) / name, DEITA_SAMPLES="0", **given))
            sides.append((deita, stack.enter_context(deita.client())))
        seconds: list[list[float]] = [[] for _ in sides]
        for _ in range(TIMES):
            for side, (deita, client) in zip(seconds, sides, strict=True):
                side.append(spawned(deita, client))
            memory = walls_pss(sides[1][0])
            for deita, client in sides:
                stopped(deita, client)
    without, within, offline = (statistics.median(side[1:]) for side in seconds)
    return [
        compared("request to ready in a sandbox", within, without),
        compared("request to ready in a sandbox without a network", offline, without),
        Row("memory of the walls, PSS", f"{memory:.1f} MiB", "–", "–", "–", "–", True),
    ]


def compared(what: str, seconds: float, without: float) -> Row:
    """One kind of walls beside none."""
    ratio = seconds / without
    return Row(what, f"{seconds:.2f} s", PEER, f"{without:.2f} s", f"× {ratio:.2f}", "≤ × 1.1", ratio <= 1.1)
