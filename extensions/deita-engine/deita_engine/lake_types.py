"""Types that a DuckLake table cannot hold, and what they are cast to instead."""

from __future__ import annotations

import re

SCALARS = {
    "BIT": "VARCHAR",
    "BIGNUM": "VARCHAR",
    "VARINT": "VARCHAR",
    '"NULL"': "INTEGER",
    "NULL": "INTEGER",
    "VARIANT": "JSON",
}
FIXED_ARRAY = re.compile(r"\[\d+\]")
UNHELD_INSIDE = re.compile(r"\b(?:ENUM|UNION|BIT|BIGNUM|VARIANT)\b")


def held_type(name: str) -> str:
    """The type itself, or the nearest one that a lake can hold."""
    if name in SCALARS:
        return SCALARS[name]
    if name.startswith("ENUM("):
        return "VARCHAR"
    if name.startswith("UNION(") or UNHELD_INSIDE.search(name):
        return "JSON"
    return FIXED_ARRAY.sub("[]", name)


def casts(columns: list[tuple[str, str]]) -> str | None:
    """The select list that casts columns (name, type) to what a lake holds; None when nothing is to be cast."""
    if all(held_type(kind) == kind for _, kind in columns):
        return None
    quoted = [('"' + name.replace('"', '""') + '"', held_type(kind)) for name, kind in columns]
    return ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in quoted)
