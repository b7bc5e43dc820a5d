"""Keeps pandas and numpy out of a process that has no use for them.

DuckDB imports pandas for the first parameter of a statement and pyarrow for its first array, each to find out whether
that is something of pandas: 0.3 s and more of the first query, and 40 MB. pyarrow imports numpy when it is imported:
0.1 s of processor time. Without them both go on.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder

NAMES = frozenset({"numpy", "pandas"})


class _KeptOut(MetaPathFinder):
    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name in NAMES:
            raise ModuleNotFoundError(name=name)


def keep_out() -> None:
    """From now on they cannot be imported here."""
    sys.meta_path.insert(0, _KeptOut())
