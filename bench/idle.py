"""Twenty servers that nobody uses, all running at once, against as many of JupyterHub's own: memory of each."""

from __future__ import annotations

from bench.jupyterhub import StockHub, stock_hub
from bench.spawn import PEER, settled_pss
from bench.table import Row

TITLE = "Twenty idle servers"
NOTE = (
    "Proportional memory (PSS: what processes share is divided among them) of each of 20 servers that have been started and "
    "not visited, the mean of all while all 20 run; one side after the other on one stock JupyterHub. The peer is "
    "`jupyterhub-singleuser` with JupyterLab."
)
SERVERS = 20
AIM = 0.6


def each_pss(hub: StockHub, kind: str) -> float:
    """MiB of one of so many idle servers of a kind; they are stopped again."""
    names = [f"{kind}{number}" for number in range(SERVERS)]
    pids = [hub.start(name) for name in names]
    for pid in pids:
        settled_pss(pid)
    memory = [settled_pss(pid) for pid in pids]
    for name in names:
        hub.stop(name)
    return sum(memory) / len(memory)


def run() -> list[Row]:
    """Start, measure and stop one side, then the other."""
    with stock_hub() as hub:
        ours, theirs = each_pss(hub, "deita"), each_pss(hub, "stock")
    ratio = ours / theirs
    peer = f"{theirs:.0f} MiB"
    return [Row("PSS of each", f"{ours:.0f} MiB", PEER, peer, f"{ratio:.0%}", f"≤ {AIM:.0%}", ratio <= AIM)]
