"""Texts that do not fit a column with a way of its own, in files that are regular otherwise."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

Table = Callable[..., Awaitable[Any]]


def prices(count: int, **wrong: str) -> list[str]:
    """Rows of id, day, price; `wrong` has row_<n> and what is in its place."""
    rows = [f"{n},{n % 28 + 1:02}/03/2024,{n % 1000}.50 €" for n in range(count)]
    for name, row in wrong.items():
        rows[int(name.removeprefix("row_"))] = row
    return rows


async def test_the_fast_reader_keeps_rejects_of_amounts_with_their_lines(table: Table, tmp_path: Path) -> None:
    file = tmp_path / "a"
    rows = prices(2000, row_7="7,08/03/2024,free", row_900="x,01/03/2024,1.50 €", row_901="y,01/03/2024,none at all")
    file.write_text("\n".join(["id,day,price", *rows]) + "\n")
    loaded = await table(file, columns={"id": "BIGINT"})
    assert loaded.run.recipe["strict"] is True
    assert (loaded.run.rows, loaded.run.reject_count) == (1997, 3)
    assert [(item["line"], item["column"]) for item in loaded.rejects] == [(9, "price"), (902, "id"), (903, "id")]
    assert (loaded.rejects[0]["raw"], loaded.rejects[0]["reason"]) == ("7,08/03/2024,free", '"free" is no DOUBLE')
    careful = await table(file, columns={"id": "BIGINT"}, strict=False)
    assert [item["line"] for item in careful.rejects] == [9, 902, 903]
    assert (careful.run.rows, careful.types) == (1997, loaded.types)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
async def test_rows_over_several_lines_are_left_to_the_careful_reader(table: Table, tmp_path: Path, end: str) -> None:
    file = tmp_path / "a"
    rows = [*prices(500, row_300="300,01/03/2024,free"), f'500,"01/03/{end}2024",5.00 €']
    rows[10] = f'10,11/03/2024,"1.50{end} €"'
    file.write_text(end.join(["id,day,price", *rows]) + end, newline="")
    loaded = await table(file)
    assert loaded.run.rows + loaded.run.reject_count == 501
    assert 303 in [item["line"] for item in loaded.rejects]


async def test_a_column_of_amounts_becomes_text_where_many_are_none(table: Table, tmp_path: Path) -> None:
    rows = prices(260_000)
    rows[-9000:] = [f"{n},01/03/2024,on demand" for n in range(9000)]
    file = tmp_path / "a"
    file.write_text("\n".join(["id,day,price", *rows]))
    loaded = await table(file)
    assert (loaded.run.recipe["strict"], loaded.run.rows, loaded.run.reject_count) == (True, 260_000, 0)
    assert loaded.types == {"id": "BIGINT", "day": "DATE", "price": "VARCHAR"}
