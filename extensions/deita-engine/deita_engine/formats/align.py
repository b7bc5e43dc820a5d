"""A row with too few or too many fields, brought into line with its table where one way is clearly the right one.

What can have happened: fields left out at the end, an empty field too many, a delimiter that is missing between two
fields or stands inside one, another delimiter in this row only. Each has a price; what a field costs in a column says
the column's profile. The cheapest way wins when it is cheap enough; a row that nothing explains is a reject.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from .dialect import Dialect
from .profiles import Profile
from .resplit import bare_cost, resplit

OTHERS = (",", ";", "\t", "|", " ")
LIMIT = 1.2
PAD_AT_END, PAD, DROP, SPLIT, MERGE, OTHER = 0.15, 0.6, 0.35, 0.3, 0.45, 0.5
PLAIN_SEAM = 0.1
CLEARLY = 0.3
MAX_DIFFERENCE = 3
SHORT = 40
MAX_SEAMS = 300
MAX_FIELDS = 120
SEAM = re.compile(r"(?<=\d)(?=\D)|(?<=\D)(?=\d)|(?<=[^\W\d_])(?=[\W_])|(?<=[\W_])(?=[^\W\d_])|(?<=[a-z])(?=[A-Z])")


class Aligner:
    """Brings rows into line with the columns of one table."""

    def __init__(self, dialect: Dialect, profiles: Sequence[Profile]) -> None:
        self.dialect, self.profiles, self.width = dialect, profiles, len(profiles)

    def aligned(self, raw: str, fields: list[str]) -> tuple[list[str], str] | None:
        """The row with one field a column, and what was done to it; None when nothing explains it."""
        if self.width < 2 or self.width > MAX_FIELDS or len(fields) > 2 * MAX_FIELDS:
            return None
        short = self.width - len(fields)
        if short > 0 and len(fields) > 1:
            padded = [*fields, *[""] * short]
            if self.fits(fields):
                return padded, "fields are missing at its end"
        surplus = fields[self.width :]
        if surplus and not any(surplus) and self.fits(fields[: self.width]):
            return fields[: self.width], "there are empty fields after the last column"
        ways = [way for way in (self._edited(fields), self._recut(raw), self._other_delimiter(raw)) if way]
        if not ways:
            return None
        cost, found, reason = min(ways, key=lambda way: way[0])
        return (found, reason) if cost <= LIMIT + 0.05 * self.width else None

    def mended(self, raw: str, fields: list[str]) -> list[str] | None:
        """Another cut of a row that has the right number of fields, when it suits the columns far better."""
        found = self._recut(raw)
        return found[1] if found and found[0] + CLEARLY < self._misfit(fields) + self._strays(raw, fields) else None

    def _strays(self, raw: str, fields: list[str]) -> float:
        """What the quotes cost that stand in fields which are not quoted."""
        bare = set(raw.split(self.dialect.delimiter))
        return sum(bare_cost(field, self.dialect.quote) for field in fields if field in bare)

    def fits(self, fields: list[str]) -> bool:
        """Whether a row, or its beginning, looks like the others, if there are any."""
        misfits = [profile.misfit(field) for profile, field in zip(self.profiles, fields, strict=False)]
        return not misfits or (max(misfits) <= 0.2 and sum(misfits) <= 0.1 * len(fields))

    def _misfit(self, fields: list[str]) -> float:
        return sum(profile.misfit(field) for profile, field in zip(self.profiles, fields, strict=False))

    def _recut(self, raw: str) -> tuple[float, list[str], str] | None:
        ways = []
        for quote in (self.dialect.quote, "'" if self.dialect.quote == '"' else '"'):
            if quote and quote in raw:
                cut = Dialect(
                    self.dialect.delimiter, quote, quote if quote != self.dialect.quote else self.dialect.escape
                )
                if found := resplit(raw, cut, self.width):
                    fields, cost = found
                    ways.append((cost + self._misfit(fields), fields, "its quotes or delimiters are not right"))
        return min(ways, key=lambda way: way[0], default=None)

    def _other_delimiter(self, raw: str) -> tuple[float, list[str], str] | None:
        ways = []
        for delimiter in OTHERS:
            if delimiter == self.dialect.delimiter or raw.count(delimiter) < self.width - 1:
                continue
            cut = Dialect(delimiter, self.dialect.quote, self.dialect.escape)
            found = resplit(raw, cut, None)
            if not found:
                continue
            fields, cost = found
            edited = self._edited(fields, cut)
            if edited:
                ways.append((OTHER + cost + edited[0], edited[1], "it has another delimiter"))
        return min(ways, key=lambda way: way[0], default=None)

    def _edited(self, fields: list[str], cut: Dialect | None = None) -> tuple[float, list[str], str] | None:
        """The cheapest edit: a shortest path over (fields used, columns filled)."""
        rows, columns = len(fields), self.width
        spacious = (cut or self.dialect).delimiter == " "
        if rows > MAX_FIELDS * 2 or (not spacious and abs(rows - columns) > MAX_DIFFERENCE):
            return None
        ways: list[list[tuple[float, list[str], str] | None]] = [[None] * (columns + 1) for _ in range(rows + 1)]
        ways[0][0] = (0.0, [], "")
        for row in range(rows + 1):
            for column in range(columns + 1):
                way = ways[row][column]
                if way is None or way[0] > LIMIT + 0.05 * columns:
                    continue
                for to_row, to_column, cost, values, reason in self._steps(fields, row, column, cut):
                    there = ways[to_row][to_column]
                    if there is None or way[0] + cost < there[0]:
                        ways[to_row][to_column] = (way[0] + cost, [*way[1], *values], reason or way[2])
        return ways[rows][columns]

    def _steps(
        self, fields: list[str], row: int, column: int, cut: Dialect | None
    ) -> list[tuple[int, int, float, list[str], str]]:
        steps: list[tuple[int, int, float, list[str], str]] = []
        left = row < len(fields)
        if left and not fields[row]:
            steps.append((row + 1, column, DROP, [], "an empty field is too many"))
        if column == self.width:
            return steps
        profile = self.profiles[column]
        if left:
            value = fields[row]
            steps.append((row + 1, column + 1, profile.misfit(value), [value], ""))
            if column + 1 < self.width and len(value) > 1:
                steps += self._splits(row, column, value)
            steps += self._merges(fields, row, column, cut)
        pad = PAD_AT_END if row == len(fields) else PAD
        steps.append((row, column + 1, pad + profile.misfit(""), [""], "a field is missing"))
        return steps

    def _splits(self, row: int, column: int, value: str) -> list[tuple[int, int, float, list[str], str]]:
        left, right = self.profiles[column], self.profiles[column + 1]
        best: tuple[float, str, str] | None = None
        words = left.prose and right.prose  # which are not cut in two
        seams = (
            islice((m.start() for m in SEAM.finditer(value)), MAX_SEAMS)
            if words or len(value) > SHORT
            else range(1, len(value))
        )
        for seam in seams:
            head, tail, price = self._parted(value, seam)
            cost = price + left.misfit(head)
            if best and cost >= best[0]:
                continue
            cost += right.misfit(tail)
            if best is None or cost < best[0]:
                best = (cost, head, tail)
        if best is None:
            return []
        return [(row + 1, column + 2, SPLIT + best[0], [best[1], best[2]], "a delimiter is missing")]

    def _parted(self, value: str, seam: int) -> tuple[str, str, float]:
        """A value as two, and its price: a quote at the seam belongs to neither, nor does the one that closes it."""
        head, tail, quote = value[:seam], value[seam:], self.dialect.quote
        if not quote or not head.endswith(quote):
            return head, tail, PLAIN_SEAM
        if tail.count(quote) % 2:
            tail = tail.removesuffix(quote)
        return head.removesuffix(quote), tail, 0.0

    def _merges(
        self, fields: list[str], row: int, column: int, cut: Dialect | None
    ) -> list[tuple[int, int, float, list[str], str]]:
        delimiter = (cut or self.dialect).delimiter
        spacious = delimiter == " "
        if not self.profiles[column].prose and not (spacious and self.profiles[column].kind == "text"):
            return []
        steps = []
        for end in range(row + 2, min(len(fields), row + (24 if spacious else 1 + MAX_DIFFERENCE)) + 1):
            if delimiter in fields[end - 1] or delimiter in fields[row]:
                break  # it was quoted: a field of its own
            joined = delimiter.join(fields[row:end])
            price = 0.0 if spacious else MERGE + 0.1 * (end - row - 2)
            reason = "" if spacious else "a delimiter stands inside a field"
            steps.append((end, column + 1, price + self.profiles[column].misfit(joined), [joined], reason))
        return steps
