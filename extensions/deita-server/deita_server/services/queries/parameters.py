"""Values of parameters, read as DuckDB types: from JSON as it is, or from text as an address has it.

Stricter than DuckDB's casts, which round 5.7 to 6 and forget the zone of a time: a value either is of the type or is
refused. What is read is JSON again, in one form for each value, so that equal values make equal requests.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from deita_server.errors import DeitaError

TYPE = re.compile(r"(VARCHAR|INTEGER|BIGINT|DOUBLE|BOOLEAN|DATE|TIMESTAMP|DECIMAL(\((\d{1,2}),(\d{1,2})\))?)(\[\])?")
WIDEST = 38
LONGEST_TEXT = 100_000
LONGEST_LIST = 1000
SHOWN = 200
WHOLE_BITS = {"INTEGER": 31, "BIGINT": 63}
WORDS = {"true": True, "1": True, "false": False, "0": False}
SHAPES = {
    "INTEGER": "a whole number",
    "BIGINT": "a whole number",
    "DOUBLE": "a number",
    "BOOLEAN": "true or false",
    "DATE": "a date such as 2025-01-31",
    "TIMESTAMP": "a time such as 2025-01-31T18:00:00",
    "VARCHAR": "text",
}


def type_name(text: str) -> str:
    """Return the type that a text names, as in `DECIMAL(10,2)[]`; raises ValueError for what no parameter can be."""
    name = text.upper().replace(" ", "")
    found = TYPE.fullmatch(name)
    if not found or (found[2] and not max(1, int(found[4])) <= int(found[3]) <= WIDEST):
        raise ValueError(
            "a parameter is a VARCHAR, INTEGER, BIGINT, DOUBLE, DECIMAL, BOOLEAN, DATE, TIMESTAMP, or a list"
        )
    return name


def read_all(params: Mapping[str, Any], types: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters, those that `types` names read as that type; names regardless of case.

    Raises DeitaError bad_parameter with details `{name, type, value}`.
    """
    wanted = {name.casefold(): kind for name, kind in types.items()}
    return {
        name: read_value(name, kind, value) if (kind := wanted.get(name.casefold())) else value
        for name, value in params.items()
    }


def read_value(name: str, kind: str, given: Any) -> Any:
    """Return one value of the type `kind` (see `type_name`) as JSON; null stays null. Raises bad_parameter."""
    if given is None:
        return None
    if not kind.endswith("[]"):
        return _read(name, kind, given)
    if not isinstance(given, list) or len(given) > LONGEST_LIST:
        raise bad_value(name, kind, given, f"a list of at most {LONGEST_LIST} values")
    return [None if item is None else _read(name, kind[:-2], item) for item in given]


def bad_value(name: str, kind: str, given: Any, wanted: str) -> DeitaError:
    """Return the error for a value that is not what is wanted."""
    value = given if isinstance(given, int | float | bool | None) else str(given)[:SHOWN]
    details = {"name": name, "type": kind, "value": value}
    return DeitaError("bad_parameter", f"{name} must be {wanted}.", details=details)


def _read(name: str, kind: str, given: Any) -> Any:
    try:
        return READERS[kind.partition("(")[0]](kind, given)
    except (ValueError, OverflowError, InvalidOperation) as error:
        wanted = SHAPES.get(kind) or "a number of at most {} digits, {} of them after the point".format(*_digits(kind))
        raise bad_value(name, kind, given, wanted) from error


def _text(kind: str, given: Any) -> str:
    if not isinstance(given, str) or len(given) > LONGEST_TEXT:
        raise ValueError
    return given


def _whole(kind: str, given: Any) -> int:
    if isinstance(given, str) and re.fullmatch(r"[+-]?\d{1,20}", given.strip(), re.ASCII):
        given = int(given)
    if type(given) is not int or not -(2 ** WHOLE_BITS[kind]) <= given < 2 ** WHOLE_BITS[kind]:
        raise ValueError
    return given


def _number(kind: str, given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise ValueError
    number = float(given)
    if not math.isfinite(number):
        raise ValueError
    return number


def _decimal(kind: str, given: Any) -> str:
    if isinstance(given, bool) or not isinstance(given, int | float | str) or len(str(given)) > 80:
        raise ValueError
    number = Decimal(str(given).strip())
    width, scale = _digits(kind)
    if not number.is_finite() or abs(number) >= 10 ** (width - scale):
        raise ValueError
    if number != round(number, scale):
        raise ValueError
    return f"{round(number, scale):f}"


def _digits(kind: str) -> tuple[int, int]:
    found = re.search(r"\((\d+),(\d+)\)", kind)
    return (int(found[1]), int(found[2])) if found else (18, 3)


def _bool(kind: str, given: Any) -> bool:
    if isinstance(given, str):
        given = WORDS.get(given.strip().lower())
    if not isinstance(given, bool):
        raise ValueError
    return given


def _date(kind: str, given: Any) -> str:
    return date.fromisoformat(_text(kind, given).strip()).isoformat()


def _timestamp(kind: str, given: Any) -> str:
    time = datetime.fromisoformat(_text(kind, given).strip())
    return (time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time).isoformat()


READERS: dict[str, Callable[[str, Any], Any]] = {
    "VARCHAR": _text,
    "INTEGER": _whole,
    "BIGINT": _whole,
    "DOUBLE": _number,
    "DECIMAL": _decimal,
    "BOOLEAN": _bool,
    "DATE": _date,
    "TIMESTAMP": _timestamp,
}
