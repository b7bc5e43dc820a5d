"""Files polluted in the manner of the Pollock benchmark (Vitagliano et al., VLDB 2023), each with the table it stands for.

One clean table of 83 rows and nine columns; each file has one pollution: of the whole file (line ends, delimiter, quote,
escape, header, preamble, several tables) or of one row (a delimiter or quote too many or too few, another delimiter). The
names are theirs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.scoring import Rows

WIDTH, COUNT = 9, 83
HEADER = ["DAY", "CLOCK", "Units", "ARTICLE", "Cost", "Kind", "Story", "LINK", "Notes"]
SUBJECTS = [
    "Women's boots",
    "Kids' rain jacket",
    "Oak table",
    "Camp stove",
    "Men's belt",
    "Wool hat",
    "Field lamp",
    "Tent",
]
VERBS = ["keeps you dry", "lasts for years", "packs small", "feels light", "looks sharp", "stays warm", "folds flat"]
SIZES, INCHES, SELDOM = ["", "", ", large"], [', 10"', ' 24" wide'], 0.07
ASIDES, RARE_ASIDE = ["", " too"], " 8\\'9\" long"
ENDS = ["on long, wet days", "at home or outside", "when it's cold", "for the whole family", "from dawn to dusk"]


@dataclass(frozen=True)
class Polluted:
    """A file: its name, bytes, the rows it stands for (header first unless it has none)."""

    name: str
    content: bytes
    truth: Rows


def source(seed: int = 7) -> Rows:
    """The clean table: dates, times, counts, codes, prices, short and long texts with commas and quotes, links, nothing."""
    pick = random.Random(seed)
    rows: Rows = [list(HEADER)]
    for number in range(COUNT):
        code = f"{pick.choice('ABCDGHKRWY')}{pick.choice('ABCDGHKRWY')}-{pick.randint(1000, 9999)}"
        cost = f"${pick.randint(0, 9000) / 100:.2f}"
        name = pick.choice(SUBJECTS) + pick.choice(INCHES if pick.random() < SELDOM else SIZES)
        first = f"This {pick.choice(SUBJECTS).lower()} {pick.choice(VERBS)} {pick.choice(ENDS)}"
        aside = RARE_ASIDE if number == 11 else pick.choice(ASIDES)
        story = f"{first}, and it {pick.choice(VERBS)}{aside} {pick.choice(ENDS)}."
        day = f"{number % 28 + 1:02}/{number // 28 + 1:02}/2019"
        link = f"https://shop.example.org/item/{code.replace('-', '_')}.html"
        cost = cost.rstrip("0").rstrip(".") if pick.random() < 0.2 else cost
        clock = f"{number // 4 % 24:02}:{number % 4 * 15:02}"
        rows.append([day, clock, str(pick.randint(0, 33)), code, cost, name, story, link, ""])
    return rows


def field(value: str, delimiter: str = ",", quote: str = '"', escape: str = '"', always: bool = False) -> str:
    """A cell as it is written: with another quote, only the outer ones are another."""
    if not (always or "," in value or '"' in value):
        return value
    return quote + value.replace('"', escape + '"') + quote


def line(row: Sequence[str], delimiter: str = ",", quote: str = '"', escape: str = '"') -> list[str]:
    """A row as its cells are written; links and stories are always quoted."""
    return [field(v, delimiter, quote, escape, always=column in (6, 7)) for column, v in enumerate(row)]


def text(rows: Rows, delimiter: str = ",", quote: str = '"', escape: str = '"', end: str = "\r\n") -> str:
    """A table as CSV."""
    return "".join(delimiter.join(line(row, delimiter, quote, escape)) + end for row in rows)


def corpus(seed: int = 7, *, every: int = 1) -> Iterator[Polluted]:
    """All files; of those that pollute one row, each `every`-th: no multiple of 3, so that all ways are among them."""
    rows = source(seed)
    yield from _files(rows)
    ways = list(_rows(rows))
    yield from ways[::every]


def _files(rows: Rows) -> Iterator[Polluted]:
    head, body, plain = rows[0], rows[1:], text(rows)

    def made(name: str, content: str, truth: Rows) -> Polluted:
        return Polluted(f"file_{name}.csv", content.encode(), truth)

    yield Polluted("source.csv", plain.encode(), rows)
    yield made("no_payload", "", [])
    yield made("no_trailing_newline", plain[:-2], rows)
    yield made("double_trailing_newline", plain + "\r\n", rows)
    yield made("no_header", text(body), body)
    for extra in (2, 3):
        names = [" ".join([name] * extra) for name in head]
        yield made(f"header_multirow_{extra}", text([head] * extra + body), [names, *body])
    blank = "," * (WIDTH - 1) + "\r\n"
    yield made("preamble", "PREAMBLE" + blank + blank + plain, rows)
    yield made("multitable_less", plain + text([row[:-1] for row in rows[:COUNT]]), rows)
    yield made("multitable_same", plain + text(rows[:COUNT]), rows)
    more = [[*row, name] for row, name in zip(rows[:COUNT], ["col1", *[""] * COUNT], strict=False)]
    yield made("multitable_more", plain + text(more), rows)
    yield made("header_only", text(rows[:1]), rows[:1])
    yield made("one_data_row", text(rows[:2]), rows[:2])
    yield made("record_delimiter_0xA", text(rows, end="\n"), rows)
    yield made("record_delimiter_0xD", text(rows, end="\r"), rows)
    for delimiter in (";", "\t", ", ", " "):
        name = "_".join(f"0x{ord(c):X}" for c in delimiter)
        yield made(f"field_delimiter_{name}", text(rows, delimiter), rows)
    yield made("quotation_char_0x27", text(rows, quote="'"), rows)
    yield made("escape_char_0x5C", text(rows, escape="\\"), rows)
    yield made("escape_char_0x00", text(rows, escape=""), rows)


def _rows(rows: Rows) -> Iterator[Polluted]:
    plain = [line(row) for row in rows]

    def made(kind: str, name: str, number: int, polluted: str, truth: Rows) -> Polluted:
        lines = [",".join(cells) for cells in plain]
        lines[number] = polluted
        content = "\r\n".join(lines) + "\r\n"
        return Polluted(f"{kind}{name}.csv", content.encode(), truth)

    for number, cells in enumerate(plain):
        for column in range(WIDTH):
            more = ",".join([*cells[:column], "", *cells[column:]])
            yield made("row_more_sep", f"_row{number}_col{column}", number, more, rows)
            if column:
                less = ",".join([*cells[: column - 1], cells[column - 1] + cells[column], *cells[column + 1 :]])
                yield made("row_less_sep", f"_row{number}_col{column}", number, less, rows)
            stray = cells[column][0:1] + '"' + cells[column][1:] if cells[column][:1] == '"' else '"' + cells[column]
            truth = [list(row) for row in rows]
            truth[number][column] = '"' + truth[number][column]
            polluted = ",".join([*cells[:column], stray, *cells[column + 1 :]])
            yield made("row_extra_quote", f"{number}_col{column}", number, polluted, truth)
        yield made("row_field_delimiter", f"_{number}_0x20", number, " ".join(cells), rows)
