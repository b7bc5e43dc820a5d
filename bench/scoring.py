"""How Pollock scores a loaded file, and how much each file counts.

Ten points a file: success, then precision, recall and F1 of the header, of the records and of all cells. Headers and
records compare values (`01/02/2019` is `2019-02-01`), cells compare texts. The weights are those of
pollock_weights.json: how often open-data portals show each pollution.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

Rows = list[list[str]]
FILES = {
    "source": 1.0,
    "file_no_payload": 15,
    "file_no_trailing_newline": 184,
    "file_double_trailing_newline": 5,
    "file_no_header": 470,
    "file_header_multirow_2": 47,
    "file_header_multirow_3": 47,
    "file_preamble": 282,
    "file_multitable_same": 188 / 3,
    "file_multitable_more": 188 / 3,
    "file_multitable_less": 188 / 3,
    "file_header_only": 3,
    "file_one_data_row": 4,
    "file_record_delimiter_0xD": 7,
    "file_record_delimiter_0xA": 1691,
    "file_field_delimiter_0x9": 4,
    "file_field_delimiter_0x3B": 834,
    "file_field_delimiter_0x20": 4,
    "file_field_delimiter_0x2C_0x20": 101,
    "file_quotation_char_0x27": 11,
    "file_escape_char_0x5C": 1,
    "file_escape_char_0x00": 7,
}
ROWS = {
    "row_less_sep": 520 / 1414,
    "row_more_sep": 520 / 1414,
    "row_extra_quote": 7 / 756,
    "row_field_delimiter": 1 / 7,
}
DATE = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?: 00:00:00)?|(\d\d)/(\d\d)/(\d{4})")
TIME = re.compile(r"(\d\d?):(\d\d)(?::00)?")
PRICE = re.compile(r"([$€£])(\d+(?:\.\d+)?)")


def kind_of(name: str) -> str:
    """`row_less_sep_row3_col1.csv` → `row_less_sep`: the files whose pollution differs in its place alone."""
    stem = name.removesuffix(".csv")
    return next((kind for kind in ROWS if stem.startswith(kind)), stem)


def weight_of(name: str) -> float:
    """How much a file counts in the weighted score."""
    kind = kind_of(name)
    return ROWS.get(kind) or FILES[kind]


def scores(points: Mapping[str, float], every: int = 1) -> tuple[float, float]:
    """The simple and the weighted score of files; of those that pollute one row, each stands for `every`."""
    weights = {name: weight_of(name) * (every if kind_of(name) in ROWS else 1) for name in points}
    weighted = sum(points[name] * weight for name, weight in weights.items()) / sum(weights.values())
    return sum(points.values()) / len(points), weighted


def measures(truth: Rows, loaded: Rows | None) -> list[float]:
    """The ten measures of one file; the header is the first row of both, None is a failed import."""
    if loaded is None:
        return [0.0] * 10
    if not truth:
        return [1.0] * 10
    heads = [Counter(map(normal, table[0])) if table else Counter() for table in (truth, loaded)]
    records = [Counter("".join(map(normal, row)) for row in table[1:]) for table in (truth, loaded)]
    cells = [Counter(value for row in table for value in row) for table in (truth, loaded)]
    return [1.0, *_three(*heads), *_three(*records), *_three(*cells)]


def _three(expected: Counter[str], found: Counter[str]) -> list[float]:
    if not expected:
        return [1.0] * 3
    same = (expected & found).total()
    if not same:
        return [0.0] * 3
    recall, precision = same / expected.total(), same / found.total()
    return [precision, recall, 2 * precision * recall / (precision + recall)]


def normal(cell: str) -> str:
    """What a cell says, however it is written: numbers, days (before months), times, prices; other texts in small letters."""
    for number in (int, float):
        try:
            return str(number(cell))
        except ValueError:
            continue
    if found := DATE.fullmatch(cell):
        return "-".join(found.group("year", "month", "day") if found["year"] else found.group(6, 5, 4))
    if found := TIME.fullmatch(cell):
        return f"{int(found[1]):02}:{found[2]}"
    if found := PRICE.fullmatch(cell):
        return f"{found[1]}{float(found[2])}"
    return cell.lower()
