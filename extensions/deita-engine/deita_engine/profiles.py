"""Profiles: what each column of a table holds, found in few scans.

One scan counts and bounds all columns. Then each column is grouped by itself, which DuckDB does fast: by its values
where there are not too many (then everything is exact), otherwise by 4,000 bins between its bounds, from which the
histogram and the quantiles come. Tried on 10 M rows × 10 columns: `approx_quantile` over all columns takes 2.0 s and
`approx_top_k` 6.5 s, grouping each column 0.03 to 0.1 s. Of columns with many values the frequent ones are looked for
in a sample, and then counted in all rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb

from .axes import BINS, Axis, axis_of
from .catalog import quoted
from .histograms import Groups, histogram, quantiles
from .kept_profiles import KeptProfiles
from .reader import Reader
from .shapes import EngineError
from .slots import Slots
from .values import column_values

if TYPE_CHECKING:
    from .operations import Operation

GROUPED = 65_536
TOP = 10
SAMPLED = 20_000
COLUMNS_AT_ONCE = 50
SHORT = 200
"""Characters of a text that are shown; long ones are cut."""
UNORDERED = ("BLOB", "STRUCT", "MAP", "UNION", "JSON", "VARIANT", "BIT", "GEOMETRY")

Profile = dict[str, Any]


class Profiles:
    """Profiles tables."""

    def __init__(self, reader: Reader, slots: Slots, kept: KeptProfiles) -> None:
        self.reader, self.slots, self.kept = reader, slots, kept

    def run(self, operation: Operation, table: str, version: int | None) -> Profile:
        """The profile of a table, or as the version of a snapshot was: `{rows, columns}`, values as in JSON answers.

        Raises EngineError table_not_found, version_expired, and `interrupted`.
        """
        if version is not None:
            table = self.reader.catalog.commit(version).table
        with self.reader.cursor(version) as (cursor, snapshot):
            find = partial(self._found, operation, cursor, table)
            if table in {view.name for view in snapshot.views}:
                return self.kept.of(cursor, table, snapshot, find)
            if table in {held.name for held in snapshot.tables}:
                return find()
            raise EngineError("table_not_found", f"There is no table {table}.", details={"table": table})

    def _found(self, operation: Operation, cursor: duckdb.DuckDBPyConnection, table: str) -> Profile:
        with self.slots.taken(operation):
            profile = profiled(operation, cursor, quoted(table))
        operation.uses(None)
        return profile


def profiled(operation: Operation, cursor: duckdb.DuckDBPyConnection, table: str) -> Profile:
    """The profile of whatever the cursor knows by this (quoted) name."""
    return _Profiler(operation, cursor, table).run()


class _Profiler:
    """One profile under way."""

    def __init__(self, operation: Operation, cursor: duckdb.DuckDBPyConnection, table: str) -> None:
        self.operation, self.cursor, self.table = operation, cursor, table

    def run(self) -> Profile:
        described = self._ask(f"DESCRIBE FROM {self.table}")
        types = [(str(row[0]), str(row[1])) for row in described]
        rows = 0
        columns: list[Profile] = []
        for start in range(0, len(types), COLUMNS_AT_ONCE):
            found = self._overview(types[start : start + COLUMNS_AT_ONCE])
            rows = int(next(found))
            columns += [self._column(name, kind, rows, found) for name, kind in types[start : start + COLUMNS_AT_ONCE]]
        return {"rows": rows, "columns": columns}

    def _ask(self, sql: str, params: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Rows with values as in JSON answers."""
        self.operation.uses(self.cursor)
        table = self.cursor.execute(sql, params or None).to_arrow_table()
        columns = [column_values(column.combine_chunks()) for column in table.columns]
        return list(zip(*columns, strict=True))

    def _overview(self, types: list[tuple[str, str]]) -> Iterator[Any]:
        parts = ["count(*)"]
        for name, kind in types:
            column, axis = quoted(name), axis_of(name, kind)
            ends = ("NULL", "NULL") if _is_unordered(kind) else (f"min({column})", f"max({column})")
            parts += [f"count({column})", f"approx_count_distinct({column})", *(_short(end, kind) for end in ends)]
            parts += [axis.mean, *axis.bounds] if axis else ["NULL", "NULL", "NULL"]
        return iter(self._ask(f"SELECT {', '.join(parts)} FROM {self.table}")[0])  # noqa: S608

    def _column(self, name: str, kind: str, rows: int, found: Iterator[Any]) -> Profile:
        count, distinct, low, high, mean, *bounds = (next(found) for _ in range(7))
        count = int(count)
        profile: Profile = {
            "name": name,
            "type": kind,
            "count": count,
            "nulls": rows - count,
            "distinct": min(int(distinct), count),
            "distinct_is_approximate": True,
            "min": low,
            "max": high,
            "mean": mean,
            "quantiles": None,
            "top": [],
            "histogram": [],
        }
        axis = axis_of(name, kind)
        if _is_unordered(kind):
            return profile
        if min(int(distinct), count) <= GROUPED:
            self._group(profile, axis)
            return profile
        if axis and None not in bounds:
            self._bin(profile, axis, float(bounds[0]), float(bounds[1]))
        self._frequent(profile)
        return profile

    def _group(self, profile: Profile, axis: Axis | None) -> None:
        """Everything, exactly, from the column's values and how often each occurs."""
        name = quoted(profile["name"])
        groups = f"SELECT {name} AS v, count(*) AS n FROM {self.table} WHERE {name} IS NOT NULL GROUP BY ALL"  # noqa: S608
        short = _short("v", profile["type"])
        top = self._ask(f"SELECT {short}, n, count(*) OVER () FROM ({groups}) ORDER BY n DESC, v LIMIT {TOP}")  # noqa: S608
        profile["top"] = [{"value": value, "count": int(n)} for value, n, _ in top]
        profile["distinct"], profile["distinct_is_approximate"] = int(top[0][2]) if top else 0, False
        if axis and top:
            sql = f"SELECT {axis.number('v')}, n FROM ({groups}) WHERE {axis.placed('v')} ORDER BY 1"  # noqa: S608
            found = self._ask(sql)
            if found:
                values = Groups([float(x) for x, _ in found], [int(n) for _, n in found])
                profile["quantiles"] = quantiles(axis, values)
                profile["histogram"] = histogram(axis, values)

    def _bin(self, profile: Profile, axis: Axis, low: float, high: float) -> None:
        """Histogram and quantiles from narrow bins between the bounds."""
        grid = axis.grid(low, high)
        where, number = f" WHERE {axis.placed(axis.column)}", axis.number(axis.column)
        place = f"floor(({number} - {grid.start!r}) / {grid.width!r})"
        sql = (
            f"SELECT least(greatest({place}, 0), {BINS - 1})::USMALLINT,"  # noqa: S608
            f" count(*) FROM {self.table}{where} GROUP BY 1 ORDER BY 1"
        )
        found = self._ask(sql)
        groups = Groups(
            [grid.start + grid.width * int(bin) for bin, _ in found], [int(n) for _, n in found], grid.width
        )
        profile["histogram"] = histogram(axis, groups)
        if groups.is_even():
            profile["quantiles"] = quantiles(axis, groups)
        else:  # most rows are in few bins: the bins say too little
            asked = self._ask(f"SELECT approx_quantile({number}, [0.25, 0.5, 0.75]) FROM {self.table}{where}")  # noqa: S608
            points = zip(("0.25", "0.5", "0.75"), asked[0][0], strict=True)
            profile["quantiles"] = {name: axis.value(float(x)) for name, x in points}

    def _frequent(self, profile: Profile) -> None:
        """The most frequent of many values: candidates from a sample, counted in all rows."""
        name, share = quoted(profile["name"]), 100.0 * SAMPLED / (profile["count"] + profile["nulls"])
        found = self._ask(
            f"WITH likely AS (SELECT v FROM (SELECT {name} AS v FROM {self.table} USING SAMPLE {share:.6f}%"  # noqa: S608
            " (bernoulli, 1)) WHERE v IS NOT NULL GROUP BY v HAVING count(*) > 1"
            f" ORDER BY count(*) DESC, v LIMIT {TOP})"
            f" SELECT {_short('v', profile['type'])}, count(*) FROM {self.table} JOIN likely ON {name} = v"
            " GROUP BY v ORDER BY 2 DESC, v"
        )
        profile["top"] = [{"value": value, "count": int(n)} for value, n in found]


def _is_unordered(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(UNORDERED)


def _short(expression: str, kind: str) -> str:
    return f"left({expression}, {SHORT})" if kind == "VARCHAR" else expression
