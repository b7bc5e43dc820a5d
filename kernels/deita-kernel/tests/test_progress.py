"""A query under way, in words."""

from __future__ import annotations

from typing import Any

import pytest
from deita_kernel.progress import bundle_of


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"state": "running", "progress": 0.456, "elapsed_ms": 12_000}, "Running · 45 % · 12.0 s"),
        (
            {"state": "running", "progress": None, "elapsed_ms": 2000, "row_count": 81_920},
            "Running · 2.0 s · 81,920 rows so far",
        ),
        ({"state": "queued", "elapsed_ms": 1500}, "Waiting for a place · 1.5 s"),
    ],
)
def test_what_is_known_of_it_is_said(body: dict[str, Any], words: str) -> None:
    assert bundle_of(body)["text/plain"] == words
