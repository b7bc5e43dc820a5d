"""Histograms and quantiles of places on a number line, each with how often it occurs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .axes import SHOWN_BINS, Axis

QUANTILES = {"0.25": 0.25, "0.5": 0.5, "0.75": 0.75}
EVEN = 0.02


@dataclass(frozen=True)
class Groups:
    """Ascending places and their counts; with a `width`, each stands for the values from it to it + width."""

    places: list[float]
    counts: list[int]
    width: float = 0.0

    @property
    def total(self) -> int:
        """How many values there are."""
        return sum(self.counts)

    def is_even(self) -> bool:
        """Whether no group holds so many values that a quantile inside it would be a guess."""
        return max(self.counts, default=0) <= max(EVEN * self.total, 1)


def quantiles(axis: Axis, groups: Groups) -> dict[str, Any]:
    """The quartiles: the first value that has so large a share at or below it, interpolated inside wide groups."""
    found: dict[str, Any] = {}
    total = groups.total
    for name, share in QUANTILES.items():
        wanted, before = share * total, 0
        for place, count in zip(groups.places, groups.counts, strict=True):
            if before + count >= wanted:
                inside = (wanted - before) / count * max(groups.width - axis.whole, 0.0)
                found[name] = axis.value(place + inside)
                break
            before += count
    return found


def histogram(axis: Axis, groups: Groups) -> list[dict[str, Any]]:
    """At most 20 bins of one width, empty ones too: `{from, to, count}`, `to` belongs to the next bin but the last."""
    if not groups.places:
        return []
    low, last = groups.places[0], groups.places[-1]
    if groups.width:
        width = math.ceil((round((last - low) / groups.width) + 1) / SHOWN_BINS) * groups.width
    else:
        width = axis.grid(low, last, SHOWN_BINS).width
    counts = [0] * SHOWN_BINS
    for place, count in zip(groups.places, groups.counts, strict=True):
        counts[min(int((place - low + groups.width / 2) / width), SHOWN_BINS - 1)] += count
    while not counts[-1]:
        counts.pop()
    edges = [axis.value(low + width * number) for number in range(len(counts) + 1)]
    if low == last and not groups.width:
        edges[-1] = edges[0]
    return [
        {"from": start, "to": end, "count": count} for start, end, count in zip(edges, edges[1:], counts, strict=False)
    ]
