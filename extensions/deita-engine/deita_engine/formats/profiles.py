"""What the values of a column look like, so that a value can be told to belong to it or not.

A value's shape keeps its punctuation and turns runs of digits and letters into `9` and `a`. Columns of dates, codes,
prices have a few shapes; a column of prose has as many shapes as values, and only its length, spaces and common
beginning say something.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice, takewhile

MAX_VALUES = 500
SHAPES_OF_PROSE = 0.25
DIGITS = re.compile(r"\d+")
LETTERS = re.compile(r"[^\W\d_]+")


def shape(value: str) -> str:
    """`28/01/2018` → `99/99/9999`: digit runs keep their length up to four, letter runs become one `a`."""
    text = LETTERS.sub("a", value[:64])
    return DIGITS.sub(lambda found: "9" * min(len(found[0]), 5), text)


def loose(value: str) -> str:
    """The shape without lengths."""
    return DIGITS.sub("9", LETTERS.sub("a", value[:64]))


class Profile:
    """One column's values: `misfit` says from 0 (belongs) to 1 (does not) how a value suits it."""

    def __init__(self, values: Sequence[str]) -> None:
        sample = list(values[:MAX_VALUES])
        full = [value for value in sample if value]
        self.empties = (len(sample) - len(full)) / max(len(sample), 1)
        self.shapes = Counter(shape(value) for value in full)
        self.loose = Counter(loose(value) for value in full)
        self.count = len(full)
        self.prose = len(self.loose) > max(SHAPES_OF_PROSE * len(full), 3)
        lengths = sorted(len(value) for value in full) or [0]
        self.shortest, self.longest = lengths[0], lengths[-1]
        self.spaced = sum(" " in value for value in full) / max(len(full), 1)
        self.beginning = _beginning(min(full), max(full)) if len(full) > 2 else ""

    def misfit(self, value: str) -> float:
        """How little the value looks like the others."""
        if not value:
            return 0.0 if self.empties > 0.02 else 0.5
        if not self.count:
            return 0.8
        if self.shapes[shape(value)]:
            return 0.0
        if self.loose[loose(value)]:
            return 0.05
        if self.beginning and len(self.beginning) > 2 and not value.startswith(self.beginning):
            return 1.0
        if not self.prose:
            return 1.0
        return self._unlike_prose(value)

    def _unlike_prose(self, value: str) -> float:
        cost = 0.15
        if len(value) < self.shortest * 0.7 or len(value) > self.longest * 1.3:
            cost += 0.3
        if self.spaced > 0.9 and " " not in value:
            cost += 0.2
        if self.spaced < 0.1 and " " in value:
            cost += 0.3
        return cost


def _beginning(first: str, last: str) -> str:
    """What two texts begin with alike; of the first and the last in order it is what all between them begin with."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(letter for letter, _ in islice(same, 16))
