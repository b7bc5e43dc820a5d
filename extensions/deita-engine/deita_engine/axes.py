"""Number lines: how values of a type are placed on one, so that they can be binned, and read back from it."""

from __future__ import annotations

import datetime
import math
import re
from dataclasses import dataclass
from typing import Literal

from .catalog import quoted

SHOWN_BINS = 20
FINE = 200
BINS = SHOWN_BINS * FINE
INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
)
ZONED = "TIMESTAMP WITH TIME ZONE"
MOMENT = re.compile(r"TIMESTAMP(_S|_MS|_NS)?")
DECIMAL = re.compile(r"DECIMAL\(\d+,\s*\d+\)")
EPOCH = datetime.datetime(1970, 1, 1)

Kind = Literal["integer", "number", "date", "moment", "zoned"]


@dataclass(frozen=True)
class Grid:
    """Where bins begin and how wide each is."""

    start: float
    width: float


@dataclass(frozen=True)
class Axis:
    """The number line of one column: numbers as they are, dates in days and moments in seconds since 1970."""

    column: str
    kind: Kind
    infinite: bool = False
    """Whether the type has values without a place (infinity, NaN)."""

    def placed(self, expression: str) -> str:
        """The condition that a value has a place."""
        return f"isfinite({expression})" if self.infinite else f"{expression} IS NOT NULL"

    @property
    def whole(self) -> bool:
        """Whether all places are whole numbers."""
        return self.kind in ("integer", "date")

    def number(self, expression: str) -> str:
        """The place of a value."""
        if self.kind == "date":
            return f"(({expression}) - DATE '1970-01-01')::DOUBLE"
        if self.kind in ("moment", "zoned"):
            return f"(epoch_us({expression}) / 1e6)"
        return f"({expression})::DOUBLE"

    @property
    def mean(self) -> str:
        """The mean; moments have none."""
        return f"avg({self.column})" if self.kind in ("integer", "number") else "NULL"

    @property
    def bounds(self) -> tuple[str, str]:
        """The lowest and the highest place."""
        where = f" FILTER ({self.placed(self.column)})" if self.infinite else ""
        return self.number(f"min({self.column}){where}"), self.number(f"max({self.column}){where}")

    def grid(self, low: float, high: float, bins: int = BINS) -> Grid:
        """Bins of one width from `low` to `high`; those of whole numbers hold equally many."""
        width = float(math.ceil((high - low + 1) / bins)) if self.whole else high / bins - low / bins
        return Grid(low, width if width > 0 else 1.0)

    def value(self, place: float) -> int | float | str:
        """The value at a place, as in JSON answers."""
        if self.kind == "integer":
            whole = round(place)
            return whole if abs(whole) <= 2**53 else str(whole)
        if self.kind == "number":
            return place
        try:
            if self.kind == "date":
                return (EPOCH + datetime.timedelta(days=round(place))).date().isoformat()
            moment = EPOCH + datetime.timedelta(seconds=place)
        except OverflowError:
            return place
        return moment.isoformat(timespec="seconds") + ("Z" if self.kind == "zoned" else "")


def axis_of(name: str, kind: str) -> Axis | None:
    """The number line of a column of this type; None for types that have none."""
    column = quoted(name)
    if kind in INTEGERS:
        return Axis(column, "integer")
    if DECIMAL.fullmatch(kind):
        return Axis(column, "number")
    others: dict[str, Kind] = {"FLOAT": "number", "DOUBLE": "number", "DATE": "date", ZONED: "zoned"}
    found = "moment" if MOMENT.fullmatch(kind) else others.get(kind)
    return Axis(column, found, infinite=True) if found else None
