"""Which rows of a table or result, and in which order: filters and sort keys of the API as SQL, their values bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .catalog import quoted
from .shapes import EngineError, Filter, Order

COMPARISONS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def where(filters: tuple[Filter, ...], types: Mapping[str, str]) -> tuple[str, list[Any]]:
    """A WHERE clause (or nothing) and its values; `types` gives each column's. Raises EngineError query_binding."""
    parts: list[str] = []
    params: list[Any] = []
    for column, operator, value in filters:
        _check(column, types)
        name = quoted(column)
        if operator in ("null", "notnull"):
            parts.append(f"{name} IS {'NOT ' if operator == 'notnull' else ''}NULL")
        elif operator == "in":
            values = (value or "").split(",")
            parts.append(f"{name} IN ({', '.join(f'CAST(? AS {types[column]})' for _ in values)})")
            params += values
        elif operator == "like":
            parts.append(f"CAST({name} AS VARCHAR) LIKE ?")
            params.append(value or "")
        else:
            parts.append(f"{name} {COMPARISONS[operator]} CAST(? AS {types[column]})")
            params.append(value)
    return (" WHERE " + " AND ".join(parts) if parts else ""), params


def order_by(order: Order, types: Mapping[str, str], *, last: str = "") -> str:
    """An ORDER BY clause, or nothing; nulls come last, `last` breaks ties. Raises EngineError query_binding."""
    for column, _ in order:
        _check(column, types)
    keys = [f"{quoted(column)} {'DESC NULLS LAST' if down else 'ASC NULLS LAST'}" for column, down in order]
    return " ORDER BY " + ", ".join([*keys, last] if last else keys) if keys else ""


def _check(column: str, types: Mapping[str, str]) -> None:
    if column not in types:
        raise EngineError("query_binding", f"There is no column {column}.", details={"candidates": sorted(types)})
