"""The type of a column by the texts in it, how sure that is, and what else it could be.

Nothing is guessed that would lose something: leading zeros stay text, whole numbers beyond 64 bits become DECIMAL(38,0)
or text (Parquet keeps no wider integer), and a column is of a type only if all its values are, or 99 % of at least a
hundred.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .cells import AMOUNT, COMMA, DATE, GROUPED, NULL_WORDS, POINT, SPACED, STAMP, TIME, WHOLE

TOLERATED = 0.01
ENOUGH = 100
MAX_64, MAX_DECIMAL, EXACT = 2**63 - 1, 10**38, 2**53
MONTHS = ("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y")
CLOCKS = (" %H:%M:%S", " %H:%M", " %I:%M %p", " %I:%M:%S %p")
Spec = str | dict[str, Any]


def type_of(spec: Spec) -> str:
    """The type's name."""
    return spec if isinstance(spec, str) else str(spec["type"])


@dataclass(frozen=True)
class Guess:
    """A column's type as the recipe names it, the confidence (0 to 1), the reason, alternatives {value, reason}, and
    the words that count as nothing for it.
    """

    spec: Spec
    confidence: float = 0.98
    reason: str = "all values are"
    alternatives: tuple[dict[str, Any], ...] = ()
    null_words: tuple[str, ...] = ()


TEXT = Guess("VARCHAR", 0.97, "the values are text")


def guess(values: Sequence[str], delimiter: str = ",", day_first: bool | None = None) -> Guess:
    """The type of a column that holds `values`; `day_first` is what other columns of the file showed about dates."""
    counts = Counter(value.strip() for value in values)
    counts.pop("", None)
    words = tuple(word for word in NULL_WORDS if word in counts)
    for word in words:
        del counts[word]
    if not counts:
        return Guess("VARCHAR", 0.9, "there are no values", null_words=words)
    found = _value_type(counts, delimiter, day_first)
    return replace(found, null_words=words) if found and found.spec != "VARCHAR" else found or TEXT


def _value_type(counts: Counter[str], delimiter: str, day_first: bool | None) -> Guess | None:
    for attempt in (_boolean, _whole, _number, _amount, _time, _timestamp):
        if found := attempt(counts, delimiter):
            return found
    return _date(counts, day_first)


def _all(counts: Counter[str], fits: Callable[[str], object]) -> bool:
    """Whether all values fit, or nearly all of many."""
    misfits, total, allowed = 0, counts.total(), 0.0
    allowed = TOLERATED * total if total >= ENOUGH else 0
    for value, times in counts.items():
        if not fits(value):
            misfits += times
            if misfits > allowed:
                return False
    return True


def _boolean(counts: Counter[str], delimiter: str) -> Guess | None:
    words = {value.lower() for value in counts}
    if words <= {"true", "false"}:
        return Guess("BOOLEAN", reason="all values are true or false")
    if words == {"yes", "no"}:
        return Guess({"type": "BOOLEAN", "true": ["yes"], "false": ["no"]}, 0.9, "all values are yes or no", _text())
    return None


def _text() -> tuple[dict[str, Any], ...]:
    return ({"value": "VARCHAR", "reason": "keep the text"},)


def _whole(counts: Counter[str], delimiter: str) -> Guess | None:
    if not _all(counts, WHOLE.fullmatch):
        return None
    whole = [value for value in counts if WHOLE.fullmatch(value)]
    digits = [value.lstrip("+-") for value in whole]
    if any(len(value) > 1 and value[0] == "0" for value in digits):
        return Guess("VARCHAR", 0.95, "leading zeros would be lost", ({"value": "BIGINT", "reason": "drop the zeros"},))
    if any(value[0] == "+" and len(value) > 7 for value in whole):
        return Guess("VARCHAR", 0.9, "numbers with a plus are telephone numbers", _text())
    largest = max(abs(int(value)) for value in whole if len(value) < 50) if digits else 0
    if any(len(value) >= 39 for value in digits) or largest >= MAX_DECIMAL:
        return Guess("VARCHAR", 0.95, "no number type holds that many digits")
    if largest > MAX_64:
        return Guess("DECIMAL(38,0)", 0.95, "whole numbers beyond 64 bits stay exact", _text())
    return Guess("BIGINT", reason="all values are whole numbers")


def _number(counts: Counter[str], delimiter: str) -> Guess | None:
    if _all(counts, POINT.fullmatch):
        if any(WHOLE.fullmatch(value) and abs(int(value)) > EXACT for value in counts if len(value) < 60):
            return Guess("VARCHAR", 0.85, "as DOUBLE, large whole numbers among them would be rounded")
        return Guess("DOUBLE", reason="all values are numbers")
    return _written(counts, delimiter)


def _written(counts: Counter[str], delimiter: str) -> Guess | None:
    """Numbers with a decimal comma or thousands separators."""
    european, english = _all(counts, COMMA.fullmatch), _all(counts, GROUPED.fullmatch)
    comma, point = {"type": "DOUBLE", "decimal": ","}, {"type": "DOUBLE", "decimal": ".", "thousands": ","}
    if any("." in value for value in counts):
        comma["thousands"] = "."
    if european and english:
        first, second = (comma, point) if delimiter != "," else (point, comma)
        reason = "1,234 may be either; the delimiter decided"
        return Guess(first, 0.6, reason, ({"value": second, "reason": "read the comma the other way"},))
    if european:
        return Guess(comma, 0.95, "numbers with a decimal comma")
    if english:
        whole = all("." not in value for value in counts)
        return Guess({**point, "type": "BIGINT"} if whole else point, 0.95, "numbers with thousands separators")
    if _all(counts, lambda value: SPACED.fullmatch(value) or POINT.fullmatch(value) or COMMA.fullmatch(value)):
        marks = {mark for value in counts for mark in " '’\u00a0\u202f" if mark in value}
        decimal = "," if any("," in value for value in counts) else "."
        if len(marks) == 1:
            whole = not any(mark in value for value in counts for mark in ".,")
            kind = "BIGINT" if whole else "DOUBLE"
            return Guess({"type": kind, "decimal": decimal, "thousands": marks.pop()}, 0.9, "grouped numbers")
    return None


def _amount(counts: Counter[str], delimiter: str) -> Guess | None:
    """Money and percentages: one unit, before or after the number."""
    first = next(iter(counts))
    found = AMOUNT.fullmatch(first)
    unit = found and (found[2] or found[4])
    if not unit:
        return None
    bare: Counter[str] = Counter()
    for value, times in counts.items():
        match = AMOUNT.fullmatch(value)
        if match and (match[2] or match[4]) == unit and not (match[2] and match[4]):
            bare[match[1] + match[3].strip()] += times
        else:
            bare["?" + value] += times
    inner = _whole(bare, delimiter) or _number(bare, delimiter)
    if not inner or (isinstance(inner.spec, str) and inner.spec == "VARCHAR"):
        return None
    spec: dict[str, Any] = {"type": inner.spec} if isinstance(inner.spec, str) else dict(inner.spec)
    spec["unit"] = unit
    if unit == "%":
        spec["type"] = "DOUBLE"
        return Guess(spec, min(inner.confidence, 0.9), "percentages, as shares of one: 5 % is 0.05", _text())
    if spec["type"] == "BIGINT":
        spec["type"] = "DOUBLE"
    return Guess(spec, min(inner.confidence, 0.92), f"amounts in {unit}", (*inner.alternatives, *_text()))


def _time(counts: Counter[str], delimiter: str) -> Guess | None:
    return Guess("TIME", 0.95, "all values are times of day", _text()) if _all(counts, TIME.fullmatch) else None


def _timestamp(counts: Counter[str], delimiter: str) -> Guess | None:
    if _all(counts, _is_stamp):
        zoned = sum(times for value, times in counts.items() if (found := STAMP.fullmatch(value)) and found[2])
        kind = "TIMESTAMP WITH TIME ZONE" if zoned == counts.total() else "TIMESTAMP"
        if not zoned or kind != "TIMESTAMP":
            return Guess(kind, reason="all values are ISO timestamps")
    return None


def _is_stamp(value: str) -> bool:
    found = STAMP.fullmatch(value)
    return bool(found and _valid(found[1], "%Y-%m-%d"))


def _valid(value: str, format: str) -> bool:
    try:
        datetime.datetime.strptime(value, format)
    except ValueError:
        return False
    return True


def _date(counts: Counter[str], day_first: bool | None) -> Guess | None:
    sample = list(counts)[:200]
    shapes = Counter(_date_shape(value) for value in sample)
    shape, times = shapes.most_common(1)[0]
    if not shape or times < 0.9 * len(sample):
        return _named_date(counts)
    separator, year_first, long_year, clock = shape
    if year_first:
        format = separator.join(("%Y", "%m", "%d")) + clock
        if not _all(counts, lambda value: _valid(value, format)):
            return None
        plain = format == "%Y-%m-%d"
        return Guess("DATE" if plain else _dated(format, clock), reason="all values are dates, year first")
    year = "%Y" if long_year else "%y"
    days = separator.join(("%d", "%m", year)) + clock
    months = separator.join(("%m", "%d", year)) + clock
    fits = {f: _all(counts, lambda value, f=f: _valid(value, f)) for f in (days, months)}  # type: ignore[misc]
    if not any(fits.values()):
        return None
    if all(fits.values()):
        first = day_first if day_first is not None else separator != "/"
        chosen, other = (days, months) if first else (months, days)
        sure = 0.85 if day_first is not None else 0.5
        reason = "another column of the file decides the order" if day_first is not None else "no day is above 12"
        return Guess(
            _dated(chosen, clock), sure, reason, ({"value": _dated(other, clock), "reason": "the other order"},)
        )
    chosen = days if fits[days] else months
    return Guess(_dated(chosen, clock), 0.97, "a day above 12 decides the order")


def _dated(format: str, clock: str) -> dict[str, Any]:
    return {"type": "TIMESTAMP" if clock else "DATE", "format": format}


def _date_shape(value: str) -> tuple[str, bool, bool, str] | None:
    """Separator, year first, four digits of year, format of the time of day."""
    text, _, clock = value.partition(" ")
    found = DATE.fullmatch(text)
    if not found:
        return None
    pattern = ""
    if clock:
        pattern = next((c for c in CLOCKS if _valid(" " + clock, c)), "")
        if not pattern:
            return None
    year_first = len(found[1]) == 4
    if not year_first and (len(found[1]) > 2 or len(found[4]) not in (2, 4)):
        return None
    if year_first and len(found[4]) > 2:
        return None
    return found[2], year_first, year_first or len(found[4]) == 4, pattern


def _named_date(counts: Counter[str]) -> Guess | None:
    if not re.search(r"\d", next(iter(counts))):
        return None
    for format in MONTHS:
        if _all(counts, lambda value, format=format: _valid(value, format)):  # type: ignore[misc]
            return Guess({"type": "DATE", "format": format}, 0.95, "dates with names of months", _text())
    return None


def day_order(values: Sequence[str]) -> bool | None:
    """Whether dates written with numbers have the day first, where a number above 12 shows it; None where none does."""
    for value in values[:5000]:
        found = DATE.match(value.strip())
        if found and len(found[1]) <= 2 and len(found[4]) in (2, 4):
            if int(found[1]) > 12:
                return True
            if int(found[3]) > 12:
                return False
    return None
