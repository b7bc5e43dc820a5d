"""Sums and notes in the last rows: no rows of the table, told and counted, and rows again when a person says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from deita_engine.formats import csv_recipe

Table = Callable[..., Awaitable[Any]]
Preview = Callable[..., dict[str, Any]]
LARGE = [f"2024-01-0{n % 6 + 1},North,{n % 6 + 1}" for n in range(250_000)]
DAYS = [f"2024-01-0{day},North,{day}" for day in range(1, 7)]


def xlsx(folder: Path, rows: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(folder / "book")
    return folder / "book"


@pytest.mark.parametrize(
    ("rows", "last"),
    [
        (["day,region,units", *DAYS], ["Total,,21"]),
        (["day,region,units", *DAYS], ["", "Total,-,21"]),
        (["day,region,units", *DAYS], ["Total"]),
        (["day,region,units", *DAYS], ["Razem:,,21", "Średnia,,3.5"]),
        (["day,region,units", *DAYS], ["Stand: 31.12.2024,,"]),
        (["region;price", "Nord;1,5", "Süd;2,25", "West;1.000,25"], ["Gesamt (EUR);1.004,00"]),
        (["region,units,price", "North,1,5", "South,2,6"], ["Total général,3,11"]),
        (["sum,region", "1,North", "2,South"], ["TOTAL 2024,"]),
    ],
)
async def test_a_sum_or_note_below_is_no_row(table: Table, tmp_path: Path, rows: list[str], last: list[str]) -> None:
    file = tmp_path / "a"
    file.write_text("\n".join([*rows, *last]) + "\n")
    plain = tmp_path / "b"
    plain.write_text("\n".join(rows) + "\n")
    loaded, expected = await table(file), await table(plain)
    assert loaded.run.recipe["footer"] == loaded.run.counts["below"] == len(last)
    assert (loaded.types, loaded.run.rows) == (expected.types, len(rows) - 1)
    again = await table(file, **loaded.run.recipe)
    assert (again.run.recipe, again.run.rows) == (loaded.run.recipe, len(rows) - 1)
    kept = await table(file, footer=0)
    assert kept.run.rows + kept.run.reject_count == len(rows) - 1 + sum(map(bool, last))


@pytest.mark.parametrize(
    "rows",
    [
        ["day,region,units", *DAYS, "2024-01-07,North,oops"],
        ["day,region,units", *DAYS, "2024-01-07,,8"],
        ["film,year,rating", "Alien,1979,8", "Solaris,1972,", "Total Recall,1990,"],
        ["item,price", "Soap,3", "Total,5", "Tea,4", "Total,7"],
        ["name,note", "a,x", "b,y", "Sum,z"],
        ["region,units", "Total,21"],
    ],
)
async def test_a_row_that_is_one_stays(table: Table, tmp_path: Path, rows: list[str]) -> None:
    file = tmp_path / "a"
    file.write_text("\n".join(rows) + "\n")
    loaded = await table(file)
    assert (loaded.run.recipe["footer"], loaded.run.rows, loaded.run.reject_count) == (0, len(rows) - 1, 0)


@pytest.mark.parametrize(
    ("last", "end"),
    [
        (["Total,,875000"], "\n"),
        (["", '"Total (all', 'regions)",-,21'], "\r\n"),
        (["Stand: 31.12.2024,,", "", "Gesamt,,"], "\n"),
        (["Razem:,,21", "Średnia,,3.5", ""], "\n"),
    ],
)
async def test_a_sum_below_a_large_csv_is_no_row_and_does_not_slow_it_down(
    table: Table, tmp_path: Path, last: list[str], end: str
) -> None:
    file = tmp_path / "a"
    file.write_text(end.join(["day,region,units", *LARGE, *last, ""]), encoding="utf-8", newline="")
    assert file.stat().st_size > csv_recipe.WHOLE
    loaded = await table(file)
    assert (loaded.run.rows, loaded.run.reject_count) == (len(LARGE), 0)
    assert (loaded.run.recipe["footer"], loaded.run.recipe["strict"]) == (len(last), True)
    assert (loaded.run.counts["below"], loaded.run.counts["total"]) == (len(last), len(LARGE) + 1 + len(last))
    assert loaded.types == {"day": "DATE", "region": "VARCHAR", "units": "BIGINT"}
    kept = await table(file, footer=0)
    assert kept.run.rows + kept.run.reject_count > len(LARGE)


async def test_an_irregular_large_csv_ends_before_its_sum_too(table: Table, tmp_path: Path) -> None:
    file = tmp_path / "a"
    rows = [*LARGE[:200_000], "2024-01-07,South", *LARGE[200_000:]]
    file.write_text("\n".join(["day,region,units", *rows, "Total,,21", ""]))
    loaded = await table(file)
    assert (loaded.run.rows + loaded.run.reject_count, loaded.run.counts["below"]) == (len(rows), 1)
    assert (loaded.run.recipe["footer"], loaded.run.recipe["strict"]) == (1, False)


@pytest.mark.parametrize("last", ["2024-01-07,,8", "2024-01-07,Total,", "2024-01-07,North,oops"])
async def test_the_last_row_of_a_large_csv_stays(table: Table, tmp_path: Path, last: str) -> None:
    file = tmp_path / "a"
    file.write_text("\n".join(["day,region,units", *LARGE, last]))
    loaded = await table(file)
    assert loaded.run.recipe["footer"] == 0
    assert loaded.run.rows + loaded.run.reject_count == len(LARGE) + 1


def test_the_preview_says_what_a_large_csv_ends_with(previewed: Preview, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("\n".join(["day,region,units", *LARGE, "Total,,21"]))
    choices = {choice["key"]: choice for choice in previewed(file)["preview"]["choices"]}
    footer = choices["footer"]
    assert (footer["value"], footer["reason"]) == (1, 'the end of the file ("Total,,21") is a sum or a note')
    assert footer["alternatives"] == [{"value": 0, "reason": "keep it as a row"}]


def test_the_preview_says_what_was_taken_for_a_sum_and_how_to_keep_it(previewed: Preview, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("\n".join(["day,region,units", *DAYS, "Total,,21"]))
    choices = {choice["key"]: choice for choice in previewed(file)["preview"]["choices"]}
    footer = choices["footer"]
    assert (footer["value"], footer["reason"]) == (1, 'line 8 ("Total,,21") and what is below is a sum or a note')
    assert footer["alternatives"] == [{"value": 0, "reason": "keep it as a row"}]


async def test_a_sum_below_a_sheet_is_no_row(table: Table, tmp_path: Path) -> None:
    regions = [["Region", "Units", "Price"], ["North", 1, 1.5], ["South", 2, 2.5], ["West", 4, 0.5]]
    numbers = [["Units", "Price", "Region"], *([n, n / 4, "x"] for n in range(1, 10))]
    for rows, last in (
        (regions, ["Summe", 7, 9]),
        (regions, ["Total", None, 4.5]),
        (numbers, ["Stand: 31.12.", None, None]),
    ):
        file = xlsx(tmp_path, [*rows, last])
        loaded = await table(file)
        assert loaded.run.recipe["range"] == f"A1:C{len(rows)}"
        assert (loaded.types["units"], loaded.run.counts["below"]) == ("BIGINT", 1)
        whole = await table(file, range="A1:C")
        assert whole.run.rows == loaded.run.rows + 1 == len(rows)


async def test_rows_of_a_sheet_that_are_like_those_above_stay(table: Table, tmp_path: Path) -> None:
    rows = [["Item", "Units"], ["Soap", 1], ["Tea", 2], ["Total", 4]]
    loaded = await table(xlsx(tmp_path, rows))
    assert (loaded.run.recipe["range"], loaded.run.rows) == ("A1:B", 3)


def test_the_preview_of_a_sheet_says_which_row_was_taken_for_a_sum(previewed: Preview, tmp_path: Path) -> None:
    file = xlsx(tmp_path, [["Item", "Units"], ["Soap", 1], ["Tea", 2], ["Total", 3]])
    choices = {choice["key"]: choice for choice in previewed(file)["preview"]["choices"]}
    assert choices["range"]["reason"] == "without row 4 (Total), which is a sum or a note, and what follows"
    assert choices["range"]["alternatives"] == [{"value": "A1:B", "reason": "all rows to the end"}]
