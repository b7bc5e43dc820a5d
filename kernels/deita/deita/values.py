"""JSON values as Python values, by DuckDB's type name: how rows are read where pyarrow is not installed.

The data plane writes what JSON cannot say exactly as text (integers beyond 2^53, decimals, dates, NaN) and blobs as
base64; this turns them back. Nested values stay as JSON has them.
"""

from __future__ import annotations

import base64
import datetime
import uuid
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

INTEGERS = frozenset(
    (
        *(f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")),
        "INTEGER",
        "UINTEGER",
        "BIGNUM",
    )
)
FLOATS = frozenset({"FLOAT", "DOUBLE"})
Reader = Callable[[Any], Any]

_READERS: dict[str, Reader] = {
    **dict.fromkeys(INTEGERS, int),
    **dict.fromkeys(FLOATS, float),
    "DECIMAL": lambda value: Decimal(str(value)),
    "DATE": datetime.date.fromisoformat,
    "TIME": datetime.time.fromisoformat,
    "BLOB": base64.b64decode,
    "UUID": uuid.UUID,
    **dict.fromkeys(
        ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"),
        datetime.datetime.fromisoformat,
    ),
}


def base_type(type_name: str) -> str:
    """`DECIMAL(18,3)` → `DECIMAL`; nested types (`INTEGER[]`, `STRUCT(…)`, `MAP(…)`) as they are."""
    head, parenthesis, rest = type_name.partition("(")
    return head.strip().upper() if parenthesis and rest.endswith(")") else type_name.upper()


def is_number(type_name: str) -> bool:
    """Whether values of this type are written flush right."""
    return base_type(type_name) in INTEGERS | FLOATS | {"DECIMAL"}


def read_rows(types: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Rows of a JSON page as tuples of Python values. Dates out of Python's range (`infinity`, 5 BC) stay text."""
    readers = [_READERS.get(base_type(name)) for name in types]
    return [tuple(_read(reader, value) for reader, value in zip(readers, row, strict=True)) for row in rows]


def _read(reader: Reader | None, value: Any) -> Any:
    if reader is None or value is None:
        return value
    try:
        return reader(value)
    except ValueError:
        return value
