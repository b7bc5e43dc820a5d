"""What a statement would be: judged and bound like one that runs, and not run.

A parameter without a value counts as null.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import duckdb

from .binding import bound, bound_columns
from .catalog import Snapshot
from .definitions import columns_of
from .errors import from_duckdb
from .guard import Judged, judge
from .named_results import named
from .parameter_types import ParameterTypes, parameter_names
from .parameters import typed
from .reader import Reader
from .shapes import Column, Draft, EngineError, Parameter, Validation
from .writes import ROWS, Writes, bind


class Validator:
    """Validates statements."""

    def __init__(self, reader: Reader, writes: Writes) -> None:
        self.reader, self.writes = reader, writes
        self.empty, self.dependencies = writes.definitions.empty, writes.definitions.dependencies
        self.types = ParameterTypes(self.empty)

    def validate(self, draft: Draft) -> Validation:
        """What the statement would be; what is wrong with it is in the answer and not raised."""
        with self.reader.cursor(draft.snapshot, draft.pins) as (cursor, snapshot):
            found = Validation("", snapshot.id)
            try:
                judged = judge(cursor, draft.sql, draft.mode)
                results = named(self.writes.spool, draft.results, snapshot)
                names = parameter_names(judged.sql)
                found = replace(
                    found,
                    statement_type=judged.type,
                    tables=tuple(self.dependencies.of(cursor, results.without(judged.tables), snapshot)),
                    parameters=tuple(Parameter(name, None) for name in names),
                )
                params = typed({name: draft.params.get(name) for name in names}, draft.types)
                with results.known_to(cursor):
                    tables = {name: columns_of(cursor, name) for name in (*found.tables, *results.rows)}
                    if judged.writes:
                        self._bind_write(cursor, draft, judged, params, snapshot, tables)
                        asked = judged.reads
                    else:
                        columns = bound(cursor, judged, params, snapshot)
                        found = replace(found, columns=columns, plan=_plan(cursor, draft, judged, params))
                        asked = judged.sql if judged.serialisable else None
                if names and asked:
                    known = {one.name: one for one in self.types.found(asked, parameter_names(asked), tables)}
                    found = replace(found, parameters=tuple(known.get(one.name, one) for one in found.parameters))
            except EngineError as error:
                found = replace(found, error=error)
            return found

    def _bind_write(
        self,
        cursor: duckdb.DuckDBPyConnection,
        draft: Draft,
        judged: Judged,
        params: dict[str, Any],
        snapshot: Snapshot,
        tables: dict[str, tuple[Column, ...]],
    ) -> None:
        self.writes.check(judged, draft.results)
        if "if_not_exists" in judged.options and self.reader.catalog.has(judged.target):
            return  # it would do nothing
        if judged.reads:
            inner = parameter_names(judged.reads)
            bound_columns(cursor, judged.reads, {name: params[name] for name in inner}, snapshot)
        if judged.action in ROWS:
            target = self.reader.catalog.actual_name(judged.target) or judged.target
            with self.empty.of(tables, (target, columns_of(cursor, target))) as empty:
                bind(empty, judged, params)


def _plan(cursor: duckdb.DuckDBPyConnection, draft: Draft, judged: Judged, params: dict[str, Any]) -> Any:
    if draft.plan is None or judged.type != "SELECT":
        return None
    asked = ("EXPLAIN (FORMAT json)\n" if draft.plan == "json" else "EXPLAIN\n") + judged.sql
    try:
        text = cursor.execute(asked, params or None).fetchall()[0][1]
    except duckdb.Error as error:
        raise from_duckdb(error, asked, lines_before=1) from error
    return json.loads(text) if draft.plan == "json" else text
