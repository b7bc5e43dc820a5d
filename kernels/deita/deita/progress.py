"""How far something long is: a callable takes what happens and a share between 0 and 1."""

from __future__ import annotations

import sys
from collections.abc import Callable

Progress = Callable[[str, float], None]


def quiet(what: str, share: float) -> None:
    """Say nothing: the default."""


def on_stderr(what: str, share: float) -> None:
    """Rewrite one line of the terminal.

    >>> ws.import_file("big.csv", progress=deita.progress.on_stderr)
    """
    end = "\n" if share >= 1 else ""
    sys.stderr.write(f"\r{what}: {share:4.0%}{end}")
    sys.stderr.flush()
