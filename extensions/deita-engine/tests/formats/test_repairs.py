"""Rows with one thing wrong, in a table whose other rows say what was meant."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from deita_engine.formats import careful, csv_recipe
from deita_engine.formats.dialect import Dialect
from deita_engine.formats.resplit import resplit
from deita_engine.formats.unpack import Packing

KINDS = ["Wool hat", "Camp stove", 'Tent, 10"', "Women's belt", "Oak table, 3-in-1", "Lamp", "Field tent, large"]
ENDS = ["on wet days, at home.", "from dawn to dusk.", "when it's cold, or hot.", "with 2-person sets."]
HEAD = "day,hour,code,cost,kind,story,link,note"
KIND, STORY, LINK = 4, 5, 6
Cells = list[str]


def row(number: int, kinds: Sequence[str] = KINDS) -> Cells:
    """A day, an hour, a code, a price, words, a sentence, a link, and nothing."""
    story = f"The {KINDS[number % 6].lower()} number {number} keeps you dry {ENDS[number % 4]}"
    day, hour = f"{number % 28 + 1:02}/03/2019", f"{number % 24:02}:{number % 4 * 15:02}"
    code, link = f"{'ABCD'[number % 4]}X-{1000 + 37 * number}", f"https://shop.example.org/{number}.html"
    return [day, hour, code, f"${number * 3}.25", kinds[number % len(kinds)], story, link, ""]


def written(cells: Cells) -> Cells:
    """A row's cells as CSV writes them; sentences and links are always quoted."""
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    return [
        q if c in (STORY, LINK) or set(v) & set(',"') else v for c, (v, q) in enumerate(zip(cells, quoted, strict=True))
    ]


def without(column: int) -> Callable[[Cells], str]:
    """A line whose delimiter before a column is gone."""
    return lambda cells: ",".join([*cells[: column - 1], cells[column - 1] + cells[column], *cells[column + 1 :]])


def with_empty(column: int) -> Callable[[Cells], str]:
    """A line with an empty field before a column."""
    return lambda cells: ",".join([*cells[:column], "", *cells[column:]])


DAMAGES = {
    **{f"no delimiter before column {column}": without(column) for column in range(1, 8)},
    **{f"an empty field before column {column}": with_empty(column) for column in range(8)},
    "spaces for delimiters": " ".join,
    "semicolons for delimiters": ";".join,
}


def read(lines: list[str], folder: Path) -> tuple[list[Cells], careful.Texts]:
    file = folder / "damaged.csv"
    file.write_text("\n".join(lines) + "\n")
    recipe = csv_recipe.find(file, Packing(), "utf-8", {}).recipe
    texts = careful.cut(file, recipe, folder, lambda: None)
    rows = pq.read_table(texts.path).select(range(len(recipe["columns"]))).to_pylist()
    return [list(cells.values()) for cells in rows], texts


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_row_with_one_damage_is_read_as_it_was_meant(damage: str, tmp_path: Path) -> None:
    rows = [row(number) for number in range(42)]
    for at in (3, 4, 9, 16, 25):
        lines = [HEAD, *(",".join(written(cells)) for cells in rows)]
        lines[at + 1] = DAMAGES[damage](written(rows[at]))
        found, texts = read(lines, tmp_path)
        assert found[at] == rows[at]
        assert found == rows
        assert texts.rejected == 0


@pytest.mark.parametrize("kinds", [KINDS, ["Wool hat", "Camp stove", "Lamp"]], ids=["some", "most"])
def test_a_table_between_spaces_keeps_words_that_nothing_quotes(kinds: list[str], tmp_path: Path) -> None:
    rows = [row(number, kinds) for number in range(42)]
    found, texts = read([HEAD.replace(",", " "), *(" ".join(written(cells)) for cells in rows)], tmp_path)
    assert (found, texts.rejected) == (rows, 0)


def test_an_amount_of_another_length_stays_in_its_column(tmp_path: Path) -> None:
    rows = [row(number) for number in range(42)]
    rows[7][3] = "$72"
    lines = [HEAD, *(",".join(written(cells)) for cells in rows)]
    lines[8] = without(KIND)(written(rows[7]))
    assert read(lines, tmp_path)[0] == rows


@pytest.mark.parametrize("field", ['"a"b"', 'a"', '"a', '"' + "x" * 200 + '" y"'])
def test_a_line_of_hundreds_of_wrong_quotes_is_cut_at_once(field: str) -> None:
    begin = time.monotonic()
    found = resplit(",".join([field] * 400), Dialect(), 400)
    assert found
    assert len(found[0]) == 400
    assert time.monotonic() - begin < 2
