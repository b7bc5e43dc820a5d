"""A workspace server against JupyterHub's own server with JupyterLab: request to ready, and memory before the first visit."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from bench.jupyterhub import StockHub, stock_hub
from bench.running import until
from bench.table import Row

TITLE = "Starting a workspace server"
NOTE = (
    "From the POST until the hub says ready, and proportional memory (PSS) once idle, median of 5 in turns on one stock "
    "JupyterHub. The peer is `jupyterhub-singleuser` with JupyterLab, started and waited for as JupyterHub does by default; "
    "ours is waited for by its port, as Deita's spawner does."
)
TIMES = 5
PEER = "jupyterhub-singleuser + JupyterLab"


def spawned(hub: StockHub, name: str) -> tuple[float, float]:
    """Seconds until ready, and MiB of PSS when idle, of one start."""
    begin = time.perf_counter()
    pid = hub.start(name)
    seconds = time.perf_counter() - begin
    memory = settled_pss(pid)
    hub.stop(name)
    return seconds, memory


def settled_pss(pid: int) -> float:
    """The process's PSS in MiB once it burns no more processor time."""
    seen: list[int] = []

    def idle() -> bool:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        seen.append(int(fields[11]) + int(fields[12]))
        return len(seen) > 20 and seen[-1] - seen[-20] <= 1

    until(idle, 30, "an idle server")
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024


def run() -> list[Row]:
    """Start both in turns."""
    with stock_hub() as hub:
        measured = [(spawned(hub, f"deita{i}"), spawned(hub, f"stock{i}")) for i in range(TIMES)]
    ours, theirs = zip(*measured, strict=True)
    seconds, stock_seconds = (statistics.median(s for s, _ in side) for side in (ours, theirs))
    memory, stock_memory = (statistics.median(m for _, m in side) for side in (ours, theirs))
    faster, smaller = stock_seconds / seconds, memory / stock_memory
    return [
        Row(
            "request to ready",
            f"{seconds:.2f} s",
            PEER,
            f"{stock_seconds:.2f} s",
            f"1/{faster:.1f}",
            "≤ 1/5",
            faster >= 5,
        ),
        Row(
            "idle PSS",
            f"{memory:.0f} MiB",
            PEER,
            f"{stock_memory:.0f} MiB",
            f"{smaller:.0%}",
            "≤ 65 %",
            smaller <= 0.65,
        ),
    ]
