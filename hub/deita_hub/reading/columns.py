"""How each type of PostgreSQL travels: as what, and what the database is asked to send for it.

A value arrives exactly, or as the text that PostgreSQL writes, and then the column's `note` says so. Types that hold
values which Arrow and DuckDB have no place for (NaN in a numeric, infinity in a date, numerics without a declared
scale) are looked at first: one aggregate over the same rows, in the same snapshot, says whether such values are there
and how many digits the others have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "boolean", "int16", "int32", "int64", "uint32", "float32", "float64", "decimal", "text", "json", "date",
    "time", "timestamp", "timestamptz", "uuid", "binary",
]  # fmt: skip
BOOL, BYTEA, INT8, INT2, INT4, OID, JSON, FLOAT4, FLOAT8 = 16, 17, 20, 21, 23, 26, 114, 700, 701
DATE, TIME, TIMESTAMP, TIMESTAMPTZ, NUMERIC, UUID, JSONB = 1082, 1083, 1114, 1184, 1700, 2950, 3802
TEXTS = {18, 19, 25, 1042, 1043}
"""\"char", name, text, char(n), varchar(n): text is what they are."""
PLAIN: dict[int, Kind] = {
    BOOL: "boolean", INT2: "int16", INT4: "int32", INT8: "int64", OID: "uint32", FLOAT4: "float32", FLOAT8: "float64",
    TIME: "time", UUID: "uuid",
}  # fmt: skip
MOMENTS: dict[int, Kind] = {DATE: "date", TIMESTAMP: "timestamp", TIMESTAMPTZ: "timestamptz"}
MOST_DIGITS = 38
FIRST, AFTER = "0001-01-01", "10000-01-01"


@dataclass(frozen=True)
class Described:
    """A column as the database describes it; `modifier` is its type's, -1 without."""

    name: str
    type: str
    oid: int
    modifier: int
    array: bool = False
    enum: bool = False


@dataclass(frozen=True)
class Column:
    """A column as it travels: `sql` stands for it, `digits` and `scale` a decimal's, `note` says what was changed."""

    name: str
    type: str
    kind: Kind
    sql: str
    digits: int = 0
    scale: int = 0
    note: str | None = None

    def shape(self) -> dict[str, Any]:
        """What is told of it."""
        return {"name": self.name, "type": self.type, "note": self.note}


def doubtful(described: Iterable[Described]) -> dict[str, str]:
    """Aggregates that have to be known before the rows are read, by name; of column 3, `n3` and the like."""
    asked: dict[str, str] = {}
    for number, column in enumerate(described):
        name = f"c{number}"
        if column.oid == NUMERIC:
            asked[f"odd{number}"] = f"bool_or({name}::text IN ('NaN', 'Infinity', '-Infinity'))"
            if _declared(column) is None:
                asked[f"scale{number}"] = f"max(scale({name}))"
                asked[f"whole{number}"] = f"max(length(trunc(abs({name}))::text))"
        elif column.oid in MOMENTS:
            asked[f"odd{number}"] = f"bool_or(NOT isfinite({name}) OR {name} < '{FIRST}' OR {name} >= '{AFTER}')"
    return asked


def travelling(described: Iterable[Described], known: Mapping[str, Any]) -> list[Column]:
    """The columns as they travel; `known` are the answers to what `doubtful` asked. Names are made to differ."""
    taken: set[str] = set()
    return [_column(_unique(each.name, taken), each, number, known) for number, each in enumerate(described)]


def _column(name: str, column: Described, number: int, known: Mapping[str, Any]) -> Column:
    place, odd = f"c{number}", bool(known.get(f"odd{number}"))
    if column.oid in PLAIN:
        return Column(name, column.type, PLAIN[column.oid], place)
    if column.oid in TEXTS:
        return Column(name, column.type, "text", place)
    if column.oid == BYTEA:
        return Column(name, column.type, "binary", f"encode({place}, 'hex')")
    if column.oid in MOMENTS:
        return _moment(name, column, place, odd)
    if column.oid == NUMERIC:
        return _numeric(name, column, number, known)
    if column.array or column.oid in (JSON, JSONB):
        sql = f"to_json({place})::text" if column.array else f"{place}::text"
        return Column(name, column.type, "json", sql, note="as JSON text")
    return Column(name, column.type, "text", f"{place}::text", note=None if column.enum else "as PostgreSQL's text")


def _moment(name: str, column: Described, place: str, odd: bool) -> Column:
    if odd:
        note = "as text: it holds infinity, or years before 1 or after 9999"
        return Column(name, column.type, "text", f"{place}::text", note=note)
    sql = f"{place} AT TIME ZONE 'UTC'" if column.oid == TIMESTAMPTZ else place
    return Column(name, column.type, MOMENTS[column.oid], sql)


def _numeric(name: str, column: Described, number: int, known: Mapping[str, Any]) -> Column:
    place = f"c{number}"
    if known.get(f"odd{number}"):
        return Column(name, column.type, "text", f"{place}::text", note="as text: it holds NaN or infinity")
    digits, scale = _declared(column) or _counted(number, known)
    if digits > MOST_DIGITS:
        return Column(
            name, column.type, "text", f"{place}::text", note=f"as text: it has more than {MOST_DIGITS} digits"
        )
    return Column(name, column.type, "decimal", place, digits=digits, scale=scale)


def _declared(column: Described) -> tuple[int, int] | None:
    """Digits and scale as the type says them; None where it does not, or in a way that nothing else has (scale < 0)."""
    if column.modifier < 4:
        return None
    digits, scale = (column.modifier - 4) >> 16 & 0xFFFF, (column.modifier - 4) & 0x7FF
    if scale & 0x400:  # eleven bits with a sign, since PostgreSQL 15
        return None
    return (max(digits, scale), scale)


def _counted(number: int, known: Mapping[str, Any]) -> tuple[int, int]:
    scale = int(known.get(f"scale{number}") or 0)
    whole = int(known.get(f"whole{number}") or 1)
    return min(whole + scale, MOST_DIGITS + 1), scale


def _unique(name: str, taken: set[str]) -> str:
    """A name that no other column has, whatever its case: a query may give two columns one name."""
    found, count = name, 2
    while found.casefold() in taken:
        found, count = f"{name}_{count}", count + 1
    taken.add(found.casefold())
    return found
