"""Finds the dialect of a CSV text: every plausible delimiter is tried on a sample and judged by what comes out.

A good delimiter gives most lines the same number of fields, and fields that look like values (after the idea of
CleverCSV, van den Burg et al. 2019). The quote is the one that stands where fields begin and end; the escape the one
with which the fewest quotes are wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .cells import kind
from .dialect import BadQuoteError, Dialect, OpenQuoteError, split
from .previews import choice
from .resplit import resplit

DELIMITERS = {
    ",": 1.0,
    ";": 1.0,
    "\t": 1.0,
    "|": 1.0,
    ", ": 0.98,
    "; ": 0.98,
    "^": 0.8,
    "~": 0.8,
    "\x1f": 1.0,
    "\x01": 1.0,
    ":": 0.4,
    " ": 0.6,
}
QUOTES = ('"', "'")
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space", ":": "colon", ", ": "comma and space"}
ONE_COLUMN = 0.35
LINES = 300
MENDED = 60
OF_VALUES = 0.92
COMMENTS = ("#", "%", "//")


@dataclass(frozen=True)
class Sniffed:
    """The dialect, and the choices that led to it."""

    dialect: Dialect
    choices: tuple[dict[str, Any], ...]


def sniff(lines: Sequence[str], given: dict[str, Any]) -> Sniffed:
    """The dialect of lines (without their ends); what is `given` (delimiter, quote, escape, comment) stays."""
    sample = [line for line in lines[: LINES * 4] if line.strip()][:LINES]
    comment = given.get("comment")
    comment = _comment(sample) if comment is None else comment
    rows = [line for line in sample if not (comment and line.startswith(comment))] or sample
    scores = {d: _score(rows, d, _quote(rows, d, given)) * _weight(d, rows) for d in DELIMITERS if _occurs(d, rows)}
    ranked = sorted(scores, key=lambda d: scores[d], reverse=True)
    best = ranked[0] if ranked and scores[ranked[0]] > ONE_COLUMN * _alone(rows) else None
    best = best or next((d for d in DELIMITERS if not any(d in row for row in rows)), "\x1f")
    delimiter = best if given.get("delimiter") is None else given["delimiter"]
    quote = _quote(rows, delimiter, given)
    if given.get("delimiter") is None and delimiter == "," and _spaced(rows, quote):
        delimiter = ", "
    dialect = Dialect(delimiter, quote, quote, comment)
    escape = given.get("escape")
    dialect = replace(dialect, escape=_escape(rows, dialect) if escape is None else escape)
    return Sniffed(dialect, _choices(dialect, scores, ranked, given))


def _occurs(delimiter: str, rows: Sequence[str]) -> bool:
    return 2 * sum(delimiter in row for row in rows) >= len(rows)


def _weight(delimiter: str, rows: Sequence[str]) -> float:
    """How usual the delimiter is; spaces between quoted fields are no spaces of a text."""
    if delimiter == " " and 2 * sum('" "' in row for row in rows) > len(rows):
        return 1.0
    return DELIMITERS[delimiter]


def _quote(rows: Sequence[str], delimiter: str, given: dict[str, Any]) -> str:
    if given.get("quote") is not None:
        return str(given["quote"])
    edge = re.escape(delimiter)
    found = {q: sum(len(re.findall(rf"(?:^|{edge}){q}[^{q}]*{q}(?={edge}|$)", row)) for row in rows) for q in QUOTES}
    return "'" if found["'"] > max(2, 2 * found['"']) else '"'


def _cut(rows: Sequence[str], dialect: Dialect) -> tuple[list[list[str]], int]:
    """The rows' fields, lines with an open quote joined, and how many lines have wrong quotes."""
    cut, wrong, waiting, held = [], 0, "", 0
    for row in rows:
        text = f"{waiting}\n{row}" if waiting else row
        try:
            cut.append(split(text, dialect))
            waiting, held = "", 0
        except OpenQuoteError:
            waiting, held = text, held + 1
            if held > 20:
                wrong, waiting, held = wrong + held, "", 0
        except BadQuoteError:
            wrong += 1 + held
            mended = resplit(row, dialect, None) if wrong < MENDED and dialect.delimiter != " " else None
            cut.append(mended[0] if mended else row.split(dialect.delimiter))
            waiting, held = "", 0
    return cut, wrong + held


def _score(rows: Sequence[str], delimiter: str, quote: str) -> float:
    cut, wrong = _cut(rows, Dialect(delimiter, quote, quote))
    counts = Counter(len(fields) for fields in cut)
    width, times = max(counts.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]), default=(1, 0))
    if width < 2:
        return 0.0
    clean = _cleanness([fields for fields in cut if len(fields) == width])
    if clean > OF_VALUES:  # ragged rows of values are rows all the same; of prose they are sentences
        times += sum(count for near, count in counts.items() if near > 1 and abs(near - width) == 1) // 2
    same = times / max(len(cut), 1)
    right = 1 - 0.3 * min(wrong / len(rows), 1) - (0.0 if delimiter in rows[0] else 0.15)
    return same * right * clean * (width - 1) / width


def _cleanness(cut: Sequence[Sequence[str]]) -> float:
    worth = [_worth(field) for fields in cut[:100] for field in fields[:100]]
    return sum(worth) / max(len(worth), 1)


def _alone(rows: Sequence[str]) -> float:
    """How well the rows do as values of one column."""
    return sum(0.85 if kind(row) == "text" else 1.0 for row in rows) / max(len(rows), 1)


def _worth(field: str) -> float:
    if kind(field) != "text":
        return 1.0
    if any(mark in field for mark in ";\t|\x1f"):
        return 0.1
    if '"' in (field[:1], field[-1:]) or field.count('"') % 2:
        return 0.3
    return 0.6 if "," in field else 0.85


def _spaced(rows: Sequence[str], quote: str) -> bool:
    """Whether a space follows every comma that is a delimiter."""
    plain, wrong = _cut(rows, Dialect(",", quote, quote))
    both, wrong_both = _cut(rows, Dialect(", ", quote, quote))
    after = [field[:1] == " " or not field for fields in plain for field in fields[1:]]
    if not after or sum(after) < 0.9 * len(after) or not any(f[:1] == " " for fields in plain for f in fields[1:]):
        return False
    return _regular(both) >= 0.9 * _regular(plain) and wrong_both <= wrong


def _regular(cut: Sequence[Sequence[str]]) -> float:
    counts = Counter(len(fields) for fields in cut if len(fields) > 1)
    return max(counts.values(), default=0) / max(len(cut), 1)


def _escape(rows: Sequence[str], dialect: Dialect) -> str:
    if dialect.quote == "'" and _are_doubled('"', rows, dialect.delimiter):
        return '"'
    if not dialect.quote or not any("\\" + dialect.quote in row for row in rows):
        return dialect.quote
    doubled = _cut(rows, dialect)[1]
    return "\\" if _cut(rows, replace(dialect, escape="\\"))[1] < 0.2 * doubled else dialect.quote


def _are_doubled(mark: str, rows: Sequence[str], delimiter: str) -> bool:
    """Whether a character stands inside fields, and always twice."""
    runs = [run for row in rows for run in re.finditer(f"{mark}+", row)]
    inside = any(run.start() and run.string[run.start() - 1] not in delimiter for run in runs)
    return inside and all(len(run[0]) % 2 == 0 for run in runs)


def _comment(rows: Sequence[str]) -> str:
    for mark in COMMENTS:
        marked = sum(row.startswith(mark) for row in rows)
        if marked and marked <= max(0.2 * len(rows), 3) and marked < len(rows):
            if marked == 1 and rows[0].startswith(mark) and _is_header(rows[0], rows[1:]):
                continue
            return mark
    return ""


def _is_header(first: str, rest: Sequence[str]) -> bool:
    """Whether a marked first line is the header all the same: it is cut as the lines below are."""
    return any(d in first and all(row.count(d) == first.count(d) for row in rest[:5]) for d in ",;\t|")


def _choices(
    dialect: Dialect, scores: dict[str, float], ranked: Sequence[str], given: dict[str, Any]
) -> tuple[dict[str, Any], ...]:
    others = [d for d in ranked if d != dialect.delimiter[:1] and scores[d] > 0.1][:3]
    first, second = scores.get(dialect.delimiter[:1], 0.0), scores[others[0]] if others else 0.0
    sure = 0.95 if first == 0 else min(0.99, 0.5 + 0.5 * (first - second) / max(first, 0.01) + 0.2)
    name = NAMES.get(dialect.delimiter, dialect.delimiter)
    reason = f"cuts most lines alike ({name})" if first else "no delimiter cuts the lines alike: one column"
    alternatives = [
        {"value": d, "reason": f"{NAMES.get(d, d)}: scores {scores[d]:.2f}, not {first:.2f}"} for d in others
    ]
    found = [
        choice("delimiter", dialect.delimiter, sure, reason, alternatives),
        choice("quote", dialect.quote, 0.95, "stands where fields begin and end, or is the usual one"),
        choice("escape", dialect.escape, 0.95, "the fewest quotes are wrong with it"),
        choice("comment", dialect.comment, 0.9 if dialect.comment else 0.99, "how a few lines begin"),
    ]
    return tuple({**c, "confidence": 1.0, "reason": "given"} if given.get(c["key"]) is not None else c for c in found)
