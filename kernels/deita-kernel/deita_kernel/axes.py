"""Axes of charts: where values are placed, and where the axis says which they are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

TICKS = 6
LONGEST_LABEL = 14
Span = tuple[float, float]


class Axis(Protocol):
    """The x axis; `width` is how broad a bar is."""

    width: float

    def place(self, point: Mapping[str, Any]) -> float:
        """Where a point stands."""

    def ticks(self) -> list[tuple[float, str]]:
        """Places and what is written there."""


def axis_of(scale: Mapping[str, Any], points: Sequence[Mapping[str, Any]], span: Span, *, padded: bool) -> Axis:
    """The axis for the data plane's `x`; bars of few values get places side by side, whatever the values are."""
    if scale["kind"] == "category" or (padded and not scale.get("bin")):
        return Places(points, span)
    return Line(scale, points, span, padded=padded)


class Number:
    """A linear scale from numbers to pixels, its ends at round numbers."""

    def __init__(self, bounds: Span, span: Span) -> None:
        low, high = bounds
        if low == high:
            low, high = (low - 1, high + 1) if low else (0.0, 1.0)
        self.step = round_step(high - low)
        self.low, self.high = math.floor(low / self.step) * self.step, math.ceil(high / self.step) * self.step
        self.span = span

    def at(self, value: float) -> float:
        """The pixel of a value."""
        start, end = self.span
        return start + (value - self.low) / (self.high - self.low) * (end - start)

    def ticks(self) -> list[float]:
        """Round numbers from end to end."""
        count = round((self.high - self.low) / self.step)
        return [self.low + index * self.step for index in range(count + 1)]


class Places:
    """One place for each value, in the order in which they come; `other` is one of them."""

    def __init__(self, points: Sequence[Mapping[str, Any]], span: Span) -> None:
        self._names = list(dict.fromkeys(map(_key, points)))
        self._start, self._step = span[0], (span[1] - span[0]) / len(self._names)
        self._index = {name: index for index, name in enumerate(self._names)}
        self.width = self._step * 0.8

    def place(self, point: Mapping[str, Any]) -> float:
        """The middle of the value's place."""
        return self._start + (self._index[_key(point)] + 0.5) * self._step

    def ticks(self) -> list[tuple[float, str]]:
        """Every value, or every so many where they would not fit."""
        longest = max(len(_cut(name)) for name in self._names)
        every = math.ceil((longest + 1) * 7 / self._step)
        return [
            (self._start + (index + 0.5) * self._step, _cut(name))
            for index, name in enumerate(self._names)
            if index % every == 0
        ]


class Line:
    """Numbers or times along a line."""

    def __init__(
        self, scale: Mapping[str, Any], points: Sequence[Mapping[str, Any]], span: Span, *, padded: bool
    ) -> None:
        self._is_time = scale["kind"] == "time"
        starts = sorted({self._value(point["x"]) for point in points})
        ends = [self._value(point["x_end"]) for point in points if point.get("x_end") is not None]
        gap = min((later - earlier for earlier, later in itertools.pairwise(starts)), default=1.0)
        low, high = starts[0], max(starts[-1], *ends) if ends else starts[-1]
        if padded and not ends:
            low, high = low - gap / 2, high + gap / 2
        if low == high:
            low, high = low - 1, high + 1
        self._low, self._high, self._span = low, high, span
        self._is_binned = bool(ends) and padded
        self.width = max(gap / (high - low) * (span[1] - span[0]) * 0.9, 1.0)

    def place(self, point: Mapping[str, Any]) -> float:
        """The pixel of the value; of a bin, its middle."""
        value = self._value(point["x"])
        if self._is_binned and point.get("x_end") is not None:
            value = (value + self._value(point["x_end"])) / 2
        return self._at(value)

    def ticks(self) -> list[tuple[float, str]]:
        """Round numbers, or moments at equal distances."""
        if self._is_time:
            days = self._high - self._low >= 2 * 86_400
            moments = [self._low + (self._high - self._low) * index / (TICKS - 1) for index in range(TICKS)]
            if days:
                moments = list(dict.fromkeys(math.floor(moment / 86_400) * 86_400 for moment in moments))
            return [(self._at(max(moment, self._low)), _moment(moment, days)) for moment in moments]
        step = round_step(self._high - self._low)
        first, last = math.ceil(self._low / step), math.floor(self._high / step)
        return [(self._at(index * step), number_text(index * step)) for index in range(first, last + 1)]

    def _at(self, value: float) -> float:
        start, end = self._span
        return start + (value - self._low) / (self._high - self._low) * (end - start)

    def _value(self, value: Any) -> float:
        if not self._is_time:
            return float(value)
        if isinstance(value, str) and len(value) <= 15 and ":" in value and "-" not in value:  # a time of the day
            value = f"1970-01-01T{value}"
        moment = datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def round_step(extent: float) -> float:
    """A distance of 1, 2 or 5 times a power of ten between about `TICKS` ticks.

    >>> round_step(47)
    10.0
    """
    rough = extent / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return float(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999))


def number_text(value: Any) -> str:
    """A value as an axis says it: `12,000`, `0.25`, other values as they are."""
    if value is None:
        return "null"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.6g}"
    if abs(value) >= 1e15:
        return f"{value:.3g}"
    return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))  # a year is no 2,025


def _moment(seconds: float, days: bool) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%d}" if days else f"{moment:%H:%M}"


def _key(point: Mapping[str, Any]) -> str:
    return (
        "other" if point.get("other") else str(point["x"]) if isinstance(point["x"], str) else number_text(point["x"])
    )


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_LABEL else name[: LONGEST_LABEL - 1] + "…"
