"""Filters and orders as addresses have them, for the rows of tables and of results."""

from __future__ import annotations

import re

from deita_engine.shapes import Filter, FilterOperator, Order

from .errors import bad_field

FILTER = re.compile(
    r"(?P<column>.+?):(?P<operator>eq|ne|lt|le|gt|ge|in|like|null|notnull)(?::(?P<value>.*))?", re.DOTALL
)


def parsed_order(order: str) -> Order:
    """Return (column, descending) pairs of `col,-col`."""
    parts = [part.strip() for part in order.split(",") if part.strip()]
    if any(part == "-" for part in parts):
        raise bad_field("order", "a column's name is missing")
    return tuple((part.removeprefix("-"), part.startswith("-")) for part in parts)


def parsed_filter(text: str) -> Filter:
    """Return (column, operator, value) of `col:op:value`; raises bad_request."""
    match = FILTER.fullmatch(text)
    if not match:
        raise bad_field(
            "filter", "it must be col:op:value with op one of eq, ne, lt, le, gt, ge, in, like, null, notnull"
        )
    operator: FilterOperator = match["operator"]  # type: ignore[assignment]  # the pattern allows nothing else
    value = match["value"]
    if operator not in ("null", "notnull") and value is None:
        raise bad_field("filter", f"{operator} needs a value")
    return match["column"], operator, value
