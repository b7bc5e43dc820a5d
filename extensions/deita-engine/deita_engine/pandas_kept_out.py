"""Keeps pandas out of a process that has no use for it.

DuckDB imports it for the first parameter of a statement and pyarrow for its first array, each to find out whether that
is something of pandas: 0.3 s and more of the first query, and 40 MB. Without it both go on.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder


class _NoPandas(MetaPathFinder):
    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


def keep_pandas_out() -> None:
    """From now on pandas cannot be imported here."""
    sys.meta_path.insert(0, _NoPandas())
