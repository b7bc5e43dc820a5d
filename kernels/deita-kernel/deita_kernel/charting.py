"""`%chart bar x=month y=revenue`: what is to be drawn of a result, asked of the data plane and drawn as SVG.

The data plane gives few points out of any number of rows, so that a chart of millions costs the kernel nothing.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import get_args

from deita import DeitaError, Result
from deita.results import Aggregate

from deita_kernel.drawing import KINDS, drawn

USAGE = "%chart bar|line|area|point x=column [y=column or avg(column)] [color=column] [name of a result]"
_MEASURE = re.compile(r"(\w+)\((.*)\)")
_WHOLE = {"bar": "sum", "line": "none", "area": "none", "point": "none"}
"""What is made of the rows of one place, unless it is said: a bar is their sum, lines and points are the rows."""


@dataclass(frozen=True)
class Wanted:
    """A chart as it was asked for; `result` is None for the last one."""

    kind: str
    x: str
    y: str | None
    aggregate: Aggregate
    color: str | None
    result: str | None


def wanted(text: str) -> Wanted:
    """Read what stands behind `%chart`; raises DeitaError bad_chart.

    >>> wanted('line x=day y=avg(price) color=item').aggregate
    'avg'
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise _wrong("A quote is open.") from error
    pairs = dict(word.split("=", 1) for word in words if "=" in word)
    plain = [word for word in words if "=" not in word]
    kind = plain.pop(0) if plain and plain[0] in KINDS else "bar"
    if unknown := set(pairs) - {"x", "y", "color"}:
        raise _wrong(f"There is no {sorted(unknown)[0]}= in a chart.")
    if len(plain) > 1 or not pairs.get("x"):
        raise _wrong("A chart needs x=." if not pairs.get("x") else f"What is {plain[0]}?")
    y, aggregate = _measure(pairs.get("y"), kind)
    return Wanted(kind, pairs["x"], y, aggregate, pairs.get("color"), plain[0] if plain else None)


def chart(result: Result, asked: Wanted) -> dict[str, str]:
    """The chart as a MIME bundle; raises DeitaError for a column that is not there, and when the result is gone."""
    found = result.chart(asked.x, asked.y, asked.aggregate, color=asked.color)
    return drawn(found, asked.kind)


def _measure(text: str | None, kind: str) -> tuple[str | None, Aggregate]:
    if text is None:
        return None, "count"
    called = _MEASURE.fullmatch(text)
    if called is None:
        return text, _WHOLE[kind]  # type: ignore[return-value]  # the table holds nothing else
    if called[1] not in get_args(Aggregate):
        raise _wrong(f"{called[1]} is no way to aggregate; there are {', '.join(get_args(Aggregate)[:-1])}.")
    return called[2] or None, called[1]  # type: ignore[return-value]  # it was just looked up


def _wrong(message: str) -> DeitaError:
    return DeitaError("bad_chart", message, USAGE)
