"""Charts of spooled results: few points, ready to be drawn, out of any number of rows.

The statement groups by places (see `scales`) and never by more of them than can be seen. Without an aggregate the
points are rows: all of them, or a sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from .axes import Axis, axis_of
from .catalog import quoted
from .scales import Overview, Scale, scale_of
from .selecting import where
from .shapes import ChartSpec, EngineError
from .slots import Slots
from .spooled import RELATION, Rows, Spooled
from .values import column_values

if TYPE_CHECKING:
    from .operations import Operation

MAX_POINTS = 5000
COLORS = 8
CATEGORIES = 20
PLACES = 100
OF_NUMBERS = ("sum", "avg", "median")

Chart = dict[str, Any]


class Charts:
    """Makes charts."""

    def __init__(self, spooled: Spooled, slots: Slots) -> None:
        self.spooled, self.slots = spooled, slots

    def run(self, operation: Operation, query_id: str, spec: ChartSpec) -> Chart:
        """Points of a finished result: `{x, y, color, points, row_count, left_out}`, as docs/api.md says.

        Raises EngineError result_expired, query_binding for a column that is not there or cannot be aggregated so,
        and query_failed for a filter's value that is not of its column's type.
        """
        with self.slots.taken(operation), self.spooled.opened(query_id) as (cursor, rows):
            chart = _Chart(operation, cursor, rows, spec).made()
            operation.uses(None)
            return chart


@dataclass(frozen=True)
class Places:
    """Where the values of a column are drawn, as parts of the chart's statement: a table that comes first and how it is
    joined, the place, its rank where it is not the order of the places, and whether the value has none of its own.
    """

    table: str = ""
    join: str = ""
    place: str = "NULL"
    rank: str = "NULL"
    other: str = "false"


class _Chart:
    """One chart under way."""

    def __init__(self, operation: Operation, cursor: duckdb.DuckDBPyConnection, rows: Rows, spec: ChartSpec) -> None:
        self.operation, self.cursor, self.spec, self.types = operation, cursor, spec, rows.types
        for column in filter(None, (spec.x, spec.y, spec.color)):
            if column not in self.types:
                details = {"candidates": sorted(self.types)}
                raise EngineError("query_binding", f"There is no column {column}.", details=details)
        self.x, self.axis = quoted(spec.x), axis_of(spec.x, self.types[spec.x])
        self.placed = self.axis.placed(self.x) if self.axis else f"{self.x} IS NOT NULL"
        self.measure, self.measured = self._measure()
        chosen, self.params = where(spec.filters, self.types)
        self.base = f"WITH base AS NOT MATERIALIZED (SELECT * FROM {RELATION}{chosen})"  # noqa: S608

    def made(self) -> Chart:
        count, placed, known = self._overview()
        color = self._kept("c", quoted(self.spec.color), COLORS) if self.spec.color else Places()
        if self.spec.aggregate == "none":
            scale, left = Scale(self.x, _kind(self.axis)), max(0, placed - MAX_POINTS)
            points = self._rows(color)
        elif self.axis is None:
            scale, left = Scale(self.x, {"kind": "category"}), 0
            points = self._groups(self._kept("x", self.x, self.spec.bins or CATEGORIES), color)
        else:
            scale, left = scale_of(self.axis, known, self.spec.bins or PLACES), 0
            points = self._groups(Places(place=scale.place), color)
        return {
            "x": {"name": self.spec.x, "type": self.types[self.spec.x], **scale.told},
            "y": {"name": self.spec.y, "aggregate": self.spec.aggregate, "type": self.measured},
            "color": {"name": self.spec.color, "type": self.types[self.spec.color]} if self.spec.color else None,
            "points": [self._point(scale, row) for row in points],
            "row_count": count,
            "left_out": {"without_place": count - placed, "by_sampling": left},
        }

    def _measure(self) -> tuple[str, str]:
        """What is drawn as SQL, and DuckDB's type of it."""
        aggregate, y = self.spec.aggregate, self.spec.y
        if aggregate == "count":
            return f"count({quoted(y) if y else '*'})", "BIGINT"
        if y is None:
            raise EngineError("query_binding", f"{aggregate} needs a column y.")
        if aggregate in OF_NUMBERS:
            axis = axis_of(y, self.types[y])
            if axis is None or axis.kind not in ("integer", "number"):
                raise EngineError("query_binding", f"{aggregate} needs numbers, and {y} is {self.types[y]}.")
            return f"{aggregate}({quoted(y)})::DOUBLE", "DOUBLE"
        return (quoted(y) if aggregate == "none" else f"{aggregate}({quoted(y)})"), self.types[y]

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows with values as in JSON answers."""
        self.operation.uses(self.cursor)
        table = self.cursor.execute(f"{self.base}{sql}", self.params or None).to_arrow_table()
        return list(zip(*(column_values(column.combine_chunks()) for column in table.columns), strict=True))

    def _overview(self) -> tuple[int, int, Overview]:
        """How many rows there are, how many of them have a place, and what is known of x."""
        ends = ", ".join(self.axis.bounds if self.axis else ("NULL", "NULL"))
        counts = f"count(*), count(*) FILTER ({self.placed}), approx_count_distinct({self.x})"
        count, placed, distinct, low, high = self._ask(f" SELECT {counts}, {ends} FROM base")[0]  # noqa: S608
        return count, placed, Overview(min(distinct, placed), low, high)

    def _kept(self, name: str, column: str, number: int) -> Places:
        """Places for so many values, the largest of a count or sum or else the most frequent; the others share one."""
        rank = self.measure if self.spec.aggregate in ("count", "sum") else "count(*)"
        kept = (
            f"SELECT {column} AS v FROM base WHERE {column} IS NOT NULL AND {self.placed}"  # noqa: S608
            f" GROUP BY 1 ORDER BY {rank} DESC NULLS LAST, 1 LIMIT {number}"
        )
        return Places(
            table=f", {name} AS MATERIALIZED (SELECT v, row_number() OVER () AS r FROM ({kept}))",  # noqa: S608
            join=f" LEFT JOIN {name} ON base.{column} = {name}.v",
            place=f"{name}.v",
            rank=f"{name}.r",
            other=f"(base.{column} IS NOT NULL AND {name}.v IS NULL)",
        )

    def _groups(self, x: Places, color: Places) -> list[tuple[Any, ...]]:
        return self._ask(
            f"{x.table}{color.table} SELECT {x.place} AS place, {x.other} AS other, {color.place} AS color,"  # noqa: S608
            f" {color.other} AS other_color, {self.measure} AS y, {x.rank} AS r, {color.rank} AS color_r"
            f" FROM base{x.join}{color.join} WHERE {self.placed} GROUP BY ALL"
            " ORDER BY other, r, place, other_color, color_r NULLS LAST"
        )

    def _rows(self, color: Places) -> list[tuple[Any, ...]]:
        drawn = (
            f"SELECT {self.x} AS place, false AS other, {color.place} AS color, {color.other} AS other_color,"  # noqa: S608
            f" {self.measure} AS y FROM base{color.join} WHERE {self.placed}"
        )
        sample = f"USING SAMPLE reservoir({MAX_POINTS} ROWS) REPEATABLE (1)"
        return self._ask(f"{color.table} SELECT * FROM (SELECT * FROM ({drawn}) {sample}) ORDER BY place")  # noqa: S608

    def _point(self, scale: Scale, row: tuple[Any, ...]) -> dict[str, Any]:
        place, other, color, other_color, y, *_ = row
        point = {"x": None, "other": True} if other else scale.read(place)
        if self.spec.color:
            point["color"] = color
            if other_color:
                point["other_color"] = True
        return {**point, "y": y}


def _kind(axis: Axis | None) -> dict[str, Any]:
    """What a chart of rows says of its x."""
    if axis is None:
        return {"kind": "category"}
    return {"kind": "number" if axis.kind in ("integer", "number") else "time", "bin": None}
