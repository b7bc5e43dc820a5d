"""Values in JSON as the API promises them: exact numbers as numbers, everything else in one written form.

Integers beyond 2^53 and decimals become strings (HUGEINT, what `sum` of integers gives, is an integer), dates and times
ISO 8601 (those with a zone in UTC with Z), blobs base64, nested values JSON, NaN and infinities strings. Columns are
turned at once, type by type: most need no Python call per value.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import json
import math
from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

EXACT = 2**53
EPOCH = datetime.datetime(1970, 1, 1)


def rows_json(batches: Iterable[pa.RecordBatch], start: int = 0, limit: int | None = None) -> tuple[bytes, int]:
    """Rows `start` to `start + limit` of the batches as a JSON array of arrays, and how many they are."""
    parts: list[str] = []
    count = 0
    for batch in batches:
        if start >= batch.num_rows:
            start -= batch.num_rows
            continue
        taken = batch.slice(start, None if limit is None else limit - count)
        start = 0
        if taken.num_rows:
            parts.append(_batch_json(taken)[1:-1])
            count += taken.num_rows
        if limit is not None and count >= limit:
            break
    return ("[" + ",".join(parts) + "]").encode(), count


def _batch_json(batch: pa.RecordBatch) -> str:
    if batch.num_columns == 0:
        return json.dumps([[]] * batch.num_rows)
    columns = [column_values(column) for column in batch.columns]
    return json.dumps(list(zip(*columns, strict=True)), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def column_values(column: pa.Array) -> list[Any]:
    """The values of an Arrow array as plain values that `json.dumps` writes the promised way."""
    kind = column.type
    if pt.is_dictionary(kind):
        return column_values(column.dictionary_decode())
    if isinstance(kind, pa.BaseExtensionType):
        return _extension(column)
    if pt.is_null(kind) or pt.is_boolean(kind) or pt.is_string(kind) or pt.is_large_string(kind):
        return column.to_pylist()
    if pt.is_integer(kind):
        values = column.to_pylist()
        return [_integer(value) for value in values] if kind.bit_width == 64 else values
    if pt.is_floating(kind):
        return [_floating(value) for value in column.to_pylist()]
    if pt.is_decimal(kind):
        write = _whole if is_whole(kind) else _decimal
        return [None if value is None else write(value) for value in column.to_pylist()]
    if pt.is_date32(kind):
        return [_day(value) for value in column.cast(pa.int32()).to_pylist()]
    if pt.is_timestamp(kind):
        return [_moment(value, kind.unit, kind.tz is not None) for value in column.cast(pa.int64()).to_pylist()]
    return [_nested(value, kind) for value in column]


def is_whole(kind: pa.DataType) -> bool:
    """Whether this is how Arrow and the lake hold whole numbers of 128 bits."""
    return bool(pt.is_decimal(kind) and (kind.precision, kind.scale) == (38, 0))


def _whole(value: decimal.Decimal) -> int | str:
    return int(value) if -EXACT <= value <= EXACT else _decimal(value)


def _decimal(value: decimal.Decimal) -> str:
    return format(value, "f")


def _integer(value: int | None) -> int | str | None:
    return value if value is None or -EXACT <= value <= EXACT else str(value)


def _floating(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _day(value: int | None) -> str | None:
    if value is None:
        return None
    if abs(value) >= 2**31 - 1:
        return "infinity" if value > 0 else "-infinity"
    try:
        return (EPOCH + datetime.timedelta(days=value)).date().isoformat()
    except OverflowError:
        return f"{value} days since 1970-01-01"


UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def _moment(value: int | None, unit: str, zoned: bool) -> str | None:
    if value is None:
        return None
    if abs(value) >= 2**63 - 1:
        return "infinity" if value > 0 else "-infinity"
    seconds, part = divmod(value, UNITS[unit])
    try:
        text = (EPOCH + datetime.timedelta(seconds=seconds)).isoformat()
    except OverflowError:
        return f"{seconds} seconds since 1970-01-01T00:00:00"
    if part:
        text += "." + str(part).zfill(len(str(UNITS[unit])) - 1).rstrip("0")
    return text + ("Z" if zoned else "")


def _extension(column: pa.Array) -> list[Any]:
    name = getattr(column.type, "extension_name", "")
    if name == "arrow.uuid":
        return [None if value is None else str(value) for value in column.to_pylist()]
    if name == "arrow.json":
        return column.storage.to_pylist()
    return column_values(column.storage)


def _nested(scalar: pa.Scalar, kind: pa.DataType) -> Any:
    if not scalar.is_valid:
        return None
    if pt.is_struct(kind):
        return {field.name: _single(scalar[index], field.type) for index, field in enumerate(kind)}
    if pt.is_map(kind):
        return _mapping(scalar, kind)
    if pt.is_list(kind) or pt.is_large_list(kind) or pt.is_fixed_size_list(kind):
        return column_values(scalar.values)
    return _other(scalar.as_py())


def _single(scalar: pa.Scalar, kind: pa.DataType) -> Any:
    return column_values(pa.array([scalar.as_py()], kind))[0] if not pt.is_nested(kind) else _nested(scalar, kind)


def _mapping(scalar: pa.Scalar, kind: pa.MapType) -> Any:
    entries = scalar.values
    keys, values = column_values(entries.field(0)), column_values(entries.field(1))
    if pt.is_nested(kind.key_type):
        return [[key, value] for key, value in zip(keys, values, strict=True)]
    return {key if isinstance(key, str) else json.dumps(key): value for key, value in zip(keys, values, strict=True)}


def _other(value: Any) -> Any:
    for kind, write in WRITERS:
        if isinstance(value, kind):
            return write(value)
    return str(value)


def _interval(value: Any) -> str:
    months, days, nanoseconds = value.months, value.days, value.nanoseconds
    years, months = divmod(abs(months), 12) if months >= 0 else (-(abs(months) // 12), -(abs(months) % 12))
    parts = [
        f"{n} {name}{'s' if abs(n) != 1 else ''}"
        for n, name in ((years, "year"), (months, "month"), (days, "day"))
        if n
    ]
    seconds, rest = divmod(abs(nanoseconds), 1_000_000_000)
    if nanoseconds or not parts:
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        fraction = f".{rest // 1000:06}".rstrip("0") if rest else ""
        parts.append(("-" if nanoseconds < 0 else "") + clock + fraction)
    return " ".join(parts)


WRITERS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (pa.MonthDayNano, _interval),
    (bytes, lambda value: base64.b64encode(value).decode()),
    (datetime.datetime, lambda value: value.isoformat()),
    (datetime.date, lambda value: value.isoformat()),
    (datetime.time, lambda value: value.isoformat()),
    (decimal.Decimal, lambda value: format(value, "f")),
    (datetime.timedelta, str),
)


def is_text(kind: pa.DataType) -> bool:
    """Whether an Arrow type holds text."""
    return bool(pt.is_string(kind) or pt.is_large_string(kind))


def total_bytes(batch: pa.RecordBatch) -> int:
    """How much memory the batch's values take."""
    return int(pc.sum(pa.array([column.nbytes for column in batch.columns] or [0])).as_py())
