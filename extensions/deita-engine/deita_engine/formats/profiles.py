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

from .cells import kind

MAX_VALUES = 500
SHAPES_OF_PROSE = 0.25
SELDOM, ENOUGH = 0.02, 10
DIGITS = re.compile(r"\d+")
LETTERS = re.compile(r"[^\W\d_]+")


def shape(value: str) -> str:
    """`28/01/2018` → `99/99/9999`: digit runs keep their length up to four, letter runs become one `a`."""
    text = LETTERS.sub("a", value[:64])
    return DIGITS.sub(lambda found: "9" * min(len(found[0]), 5), text)


def loose(value: str) -> str:
    """The shape without lengths."""
    return DIGITS.sub("9", LETTERS.sub("a", value[:64]))


def mark(letter: str) -> str:
    """The class of a character: `A`, `a`, `9`, or a punctuation mark itself."""
    if letter.isalpha():
        return "a" if letter.islower() else "A"
    return "9" if letter.isdigit() else letter


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
        self.firsts = Counter(mark(value[0]) for value in full)
        self.lasts = Counter(mark(value[-1]) for value in full)
        kinds = Counter(kind(value) for value in full).most_common(1)
        self.kind = kinds[0][0] if kinds and kinds[0][1] > 0.9 * len(full) else "text"

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
        unlike = self._unlike_ends(value)
        if not self.prose:
            return 0.3 if not unlike and kind(value) == self.kind != "text" else 1.0
        return unlike + self._unlike_prose(value)

    def _unlike_ends(self, value: str) -> float:
        """What it costs that no other value begins, or ends, with such a character."""
        if self.count < ENOUGH:
            return 0.0
        seldom = SELDOM * self.count
        return 0.2 * ((self.firsts[mark(value[0])] <= seldom) + (self.lasts[mark(value[-1])] <= seldom))

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
