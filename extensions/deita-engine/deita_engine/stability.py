"""Whether a statement gives the same answer as long as its tables stay the same: no clock, no chance, no sample in it.

Judged by names and not by the bound tree, so that it errs to the side of "no": DuckDB says of its functions which are
not consistent, and has some macros and words besides that read the clock.
"""

from __future__ import annotations

import threading

import duckdb

from .tokens import Token, tokenize

CLOCK_MACROS = frozenset(
    {
        "age",
        "ago",
        "current_timestamp",
        "current_time",
        "localtime",
        "localtimestamp",
        "current_localtime",
        "current_localtimestamp",
    }
)
CLOCK_WORDS = frozenset({"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP"})
INCONSISTENT = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT'"


class Stability:
    """Reads the names of functions that are not consistent once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._names: frozenset[str] | None = None

    def holds(self, *statements: str) -> bool:
        """Whether all of them are stable."""
        names = self._inconsistent()
        return all(_is_stable(tokenize(sql), names) for sql in statements)

    def _inconsistent(self) -> frozenset[str]:
        with self._lock:
            if self._names is None:
                cursor = self._connection.cursor()
                try:
                    self._names = CLOCK_MACROS | {row[0] for row in cursor.execute(INCONSISTENT).fetchall()}
                finally:
                    cursor.close()
            return self._names


def _is_stable(tokens: list[Token], inconsistent: frozenset[str]) -> bool:
    for place, token in enumerate(tokens):
        following = tokens[place + 1].text if place + 1 < len(tokens) else ""
        before = tokens[place - 1].word if place else ""
        if token.word in CLOCK_WORDS or token.word == "TABLESAMPLE" or (token.word == "SAMPLE" and before == "USING"):
            return False
        if following == "(" and token.is_name and token.name.lower() in inconsistent:
            return False
    return True
