"""The ledger: what a client was told is what is there, whatever fell over meanwhile.

Clients write down, outside the system, each operation and what they were told, while processes are killed, the disk is
full, and database, store and network fail. `make soak SOAK=ledger` does the same for longer.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ledger import run
from tests.ledger.site import running_site

OPERATIONS, FAULTS = 500, 21


@pytest.mark.backends
@pytest.mark.timeout(600)  # a loaded machine takes longer to start again what was killed
def test_what_was_acknowledged_is_there_once_and_what_was_refused_is_not(
    tmp_path: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "ROUND", OPERATIONS // 2)
    with running_site(tmp_path, backend, OPERATIONS) as site:
        verdict = run.keep_ledger(site, tmp_path / "book.ndjson", OPERATIONS, FAULTS)
    assert not verdict.wrong, "\n".join(verdict.wrong)
    assert verdict.operations >= OPERATIONS
    assert verdict.outcomes["acknowledged"] >= OPERATIONS // 2, verdict.reasons
