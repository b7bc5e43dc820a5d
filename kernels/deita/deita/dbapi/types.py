"""PEP 249's type objects and constructors. A column's type code is DuckDB's type name, and equals its type object."""

from __future__ import annotations

import datetime

from deita.values import FLOATS, INTEGERS, base_type

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime
Binary = bytes
DateFromTicks = datetime.date.fromtimestamp
TimestampFromTicks = datetime.datetime.fromtimestamp


def TimeFromTicks(ticks: float) -> datetime.time:  # the name is PEP 249's
    """The local time of day of a point in time."""
    return datetime.datetime.fromtimestamp(ticks).time()


class TypeObject:
    """Equal to every DuckDB type name of its kind.

    >>> cursor.description[0][1] == dbapi.NUMBER
    True
    """

    def __init__(self, *names: str) -> None:
        self._names = frozenset(names)

    def __eq__(self, other: object) -> bool:
        return base_type(other) in self._names if isinstance(other, str) else self is other

    def __hash__(self) -> int:
        return hash(self._names)


STRING = TypeObject("VARCHAR", "UUID", "JSON")
BINARY = TypeObject("BLOB", "BIT")
NUMBER = TypeObject(*INTEGERS, *FLOATS, "DECIMAL", "BOOLEAN")
DATETIME = TypeObject(
    "DATE",
    "TIME",
    "TIME WITH TIME ZONE",
    "TIMESTAMP",
    "TIMESTAMP_S",
    "TIMESTAMP_MS",
    "TIMESTAMP_NS",
    "TIMESTAMP WITH TIME ZONE",
    "INTERVAL",
)
ROWID = TypeObject()
