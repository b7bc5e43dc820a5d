"""Scales of charts: where the values of a column are drawn, in few places whatever the column holds.

Numbers go into bins of a round width (1, 2 or 5 times a power of ten), times into calendar steps, numbers only where
there are more of them than places.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .axes import Axis, Grid

DAY = 86_400
YEAR = 365.2425 * DAY
STEPS = (
    ("second", 1, 1), ("second", 5, 5), ("second", 15, 15), ("minute", 1, 60), ("minute", 5, 300), ("minute", 15, 900),
    ("hour", 1, 3600), ("hour", 6, 21_600), ("day", 1, DAY), ("week", 1, 7 * DAY), ("month", 1, YEAR / 12),
    ("quarter", 1, YEAR / 4), ("year", 1, YEAR), ("year", 5, 5 * YEAR), ("year", 10, 10 * YEAR),
    ("year", 100, 100 * YEAR),
)  # fmt: skip
"""Unit, how many of it, how many seconds that is on average."""
LONGEST = STEPS[-1]


@dataclass(frozen=True)
class Overview:
    """What is known of a column before it is drawn: how many values (an estimate), and its ends on the number line."""

    distinct: int
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Scale:
    """`place` is the place of a row's value as SQL, `told` what the chart says of the scale."""

    place: str
    told: dict[str, Any]
    axis: Axis | None = None
    grid: Grid | None = None

    def read(self, place: Any) -> dict[str, Any]:
        """What a point says of its place, as in JSON answers: `x`, and for a bin of numbers `x_end`."""
        if self.grid is None or self.axis is None:
            return {"x": place}
        start = self.grid.start + self.grid.width * int(place)
        return {"x": self.axis.value(start), "x_end": self.axis.value(start + self.grid.width)}


def scale_of(axis: Axis, known: Overview, places: int) -> Scale:
    """The scale of a column with a number line, for about so many places."""
    name = axis.column
    if known.low is None or known.high is None:
        return Scale(name, {"kind": "number", "bin": None})
    if axis.kind in ("date", "moment", "zoned"):
        return _calendar(name, axis, known.low, known.high, places)
    if known.distinct <= places:
        return Scale(name, {"kind": "number", "bin": None})
    grid = _round(known.low, known.high, places, whole=axis.whole)
    place = f"floor(({axis.number(name)} - {grid.start!r}) / {grid.width!r})::BIGINT"
    return Scale(place, {"kind": "number", "bin": {"width": grid.width}}, axis=axis, grid=grid)


def _round(low: float, high: float, places: int, *, whole: bool) -> Grid:
    least = (high - low) / places or 1.0
    power = 10.0 ** math.floor(math.log10(least))
    width = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)
    if whole:
        width = max(1.0, float(math.ceil(width)))
    return Grid(math.floor(low / width) * width, width)


def _calendar(name: str, axis: Axis, low: float, high: float, places: int) -> Scale:
    """Steps of the calendar; `low` and `high` are days for dates, seconds otherwise."""
    span = (high - low) * (DAY if axis.kind == "date" else 1)
    fitting = (step for step in STEPS if step[2] * places >= span and (axis.kind != "date" or step[2] >= DAY))
    unit, count, _ = next(fitting, LONGEST)
    value = name if axis.kind in ("date", "zoned") else f"{name}::TIMESTAMP"
    step = f"date_trunc('{unit}', {value})" if count == 1 else f"time_bucket(INTERVAL '{count} {unit}', {value})"
    place = f"({step})::DATE" if axis.kind == "date" else step
    return Scale(place, {"kind": "time", "bin": {"unit": unit, "count": count}})
