"""`make soak SOAK=ledger [ARGS="OPERATIONS FAULTS [BACKEND]"]`: the ledger test, as long as one likes."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from .run import keep_ledger
from .site import BACKENDS, running_site


def main(operations: int, faults: int, backends: tuple[str, ...]) -> int:
    """Run it on each backend; returns 1 when an operation is lost, doubled or halved."""
    wrong = []
    for backend in backends:
        began = time.monotonic()
        book = Path(tempfile.gettempdir()) / f"deita-ledger-{backend}.ndjson"
        book.unlink(missing_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix="deita-ledger-") as name,
            running_site(Path(name), backend, operations) as site,
        ):
            verdict = keep_ledger(site, book, operations, faults)
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(verdict.outcomes.items()))
        print(f"{backend}: {verdict.operations} operations ({outcomes}), {verdict.faults} faults, ", end="")
        print(f"{len(verdict.wrong)} wrong, {time.monotonic() - began:.0f} s", flush=True)
        for reason, count in sorted(verdict.reasons.items()):
            print(f"  {count} × {reason}")
        for line in verdict.wrong:
            print(f"  {line}")
        wrong += verdict.wrong
    return 1 if wrong else 0


if __name__ == "__main__":
    given = sys.argv[1:]
    counts = [int(word) for word in given[:2]] or [10_000, 200]
    sys.exit(main(counts[0], counts[1], tuple(given[2:]) or BACKENDS))
