"""Loading a regular CSV file with DuckDB's reader: again with a better recipe until no row is lost that could be kept.

A value that no sample showed is met while the file is read: a fraction among whole numbers, a null word, a text in a
column of amounts. What it says about the recipe is used for the next attempt; what cannot be kept is a reject.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from deita_engine.errors import from_duckdb
from deita_engine.shapes import EngineError

from . import csv, integers, rejects
from .bettering import better
from .copying import copy
from .csv_counts import LineCount, counts_of
from .plan import Outcome, Plan, Reading, Target
from .strays import strays

ATTEMPTS = 8
WATCHED_BYTES = 64 * 1024


class FastLoading:
    """One file, without what is below its table; `fixed` are the columns whose types were given, and `null_words` where
    they were.
    """

    def __init__(self, reading: Reading, readable: Path, recipe: dict[str, Any], fixed: frozenset[str]) -> None:
        self.reading, self.readable, self.recipe, self.fixed = reading, readable, recipe, fixed
        self.connection = reading.connection
        self.may_leave = "strict" not in reading.given
        self.watched: list[str] = []
        self.strays: list[dict[str, Any]] = []

    def outcome(self, target: Target) -> Outcome | None:
        """Write rows and rejects; None when the file is not regular after all, or not every line of it can be
        accounted for. Raises EngineError file_unreadable.
        """
        lines = LineCount(self.readable)
        for _ in range(ATTEMPTS):
            self.reading.check()
            rejects.clear(self.connection)
            plan = self._plan()
            try:
                rows = copy(self.connection, plan, target.file)
            except duckdb.InvalidInputException as error:
                if self._goes_on(error):
                    continue
                return None
            if self.may_leave and rejects.are_structural(self.connection):
                return None
            rejected = rejects.count(self.connection)
            found = rejects.better_recipe(self.connection, self.recipe, rows, self.fixed) if rejected else None
            if found is None:
                return self._accounted(plan, rows, lines.total(), target)
            self.recipe, self.strays = found, []
        return None

    def _accounted(self, plan: Plan, rows: int, lines: int, target: Target) -> Outcome | None:
        """The outcome with its rejects written; None when not every line of the file can be accounted for."""
        rejected = rejects.write(self.connection, self.recipe, self.strays, target.rejects)
        counts = counts_of(self.connection, self.readable, plan, target.rows, rows + rejected, lines)
        if not rejected or counts is None:
            target.rejects.unlink()
        return Outcome(plan, rows, rejected, counts) if counts else None

    def _plan(self) -> Plan:
        large = self.readable.stat().st_size > WATCHED_BYTES
        self.watched = integers.carried(self.recipe, self.fixed) if large else []
        checked = {column: integers.checked(column) for column in self.watched}
        return csv.plan(self.readable, self.recipe, checked, without_misfits=bool(self.strays))

    def _goes_on(self, error: duckdb.Error) -> bool:
        """Learn from what ended the reading; whether another attempt makes sense."""
        rejects.clear(self.connection)
        if integers.MESSAGE in str(error):
            self.recipe, large = integers.better_types(self.connection, self.readable, self.recipe, self.watched)
            self.fixed |= large
            return True
        if csv.MISFIT in str(error):
            return self._learns_from_misfits()
        if self.may_leave:
            return False
        reason = from_duckdb(error).message.split("\n", 1)[0]
        raise EngineError("file_unreadable", f"The file cannot be read as CSV: {reason}") from error

    def _learns_from_misfits(self) -> bool:
        source = csv.scan(self.readable, self.recipe, csv.read_types(self.recipe))
        found = better(self.connection, source, self.recipe, csv.own_columns(self.recipe), self.fixed)
        if found != self.recipe:
            self.recipe = found
            return True
        rejects.clear(self.connection)
        self.strays = strays(self.connection, self.readable, self.recipe, self.reading.check) or []
        return bool(self.strays)
