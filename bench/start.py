"""How long `deita up` takes until it is ready, on an empty home and on one that has run before."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from bench.running import Deita
from bench.table import Row

TITLE = "Starting Deita"
NOTE = "Seconds from `deita up` until it prints that it is ready (health is 200); second start: median of 3."


def run() -> list[Row]:
    """Starts a Deita four times on one home."""
    with tempfile.TemporaryDirectory(prefix="deita-bench-") as folder:
        deita = Deita(Path(folder) / "home")
        seconds = []
        for _ in range(4):
            seconds.append(deita.start())
            deita.stop()
    first, again = seconds[0], statistics.median(seconds[1:])
    return [
        Row("first start, empty home", f"{first:.1f} s", "–", "–", "–", "–", True),
        Row("second start", f"{again:.1f} s", "–", "–", "–", "≤ 10 s", again <= 10),
    ]
