"""The fast reader's account of a file: DuckDB says how many rows it made, the file how many lines it has.

Both mostly agree at once. Where they do not, line ends inside the values and blank lines must explain it; DuckDB does
not say which lines it passed over, so that blank ones are what is left and no more than there are.
"""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb

from deita_engine.catalog import quoted
from deita_engine.reader import literal

from .counts import Counts, blank_count, line_count
from .plan import Plan


class LineCount:
    """Counts a file's lines while somebody else reads it: 0.6 s a GB, of one core."""

    def __init__(self, path: Path) -> None:
        self._path, self._found = path, 0
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def _count(self) -> None:
        try:
            self._found = line_count(self._path)
        except OSError as error:
            self._error = error

    def total(self) -> int:
        """Wait for it; raises OSError."""
        self._thread.join()
        if self._error:
            raise self._error
        return self._found


def counts_of(
    connection: duckdb.DuckDBPyConnection, file: Path, plan: Plan, rows: Path, taken: int, lines: int
) -> Counts | None:
    """What the `lines` of a file, which has none below its rows any more, are that gave `taken` rows and rejects, the
    former in the Parquet file `rows`; None when that cannot be said of all of them.
    """
    recipe = plan.recipe
    total = lines + recipe["footer"]
    counts = Counts("line", total, above=recipe["skip"], header=int(recipe["header"]), below=recipe["footer"])
    if taken + counts.left_out < total:
        counts.continued = _line_ends_in_values(connection, plan, rows)
    if counts.left_out + taken < total:
        counts.blank = min(total - taken - counts.left_out, blank_count(file))
    return counts if counts.left_out + taken == total else None


def _line_ends_in_values(connection: duckdb.DuckDBPyConnection, plan: Plan, rows: Path) -> int:
    texts = [quoted(name) for name, kind in plan.columns.items() if kind == "VARCHAR"]
    if not texts:
        return 0
    ends = " + ".join(
        f"coalesce(length({_unified(t)}) - length(replace({_unified(t)}, chr(10), '')), 0)" for t in texts
    )
    found = connection.execute(f"SELECT sum({ends}) FROM read_parquet({literal(rows)})").fetchall()  # noqa: S608
    return int(found[0][0] or 0)


def _unified(text: str) -> str:
    return f"replace(replace({text}, chr(13) || chr(10), chr(10)), chr(13), chr(10))"
