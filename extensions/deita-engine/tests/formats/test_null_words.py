"""Words for nothing: in the columns that need them, and nowhere else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

Table = Callable[..., Awaitable[Any]]
ROWS = "country,delay,code\nNA,1,-\nDE,NA,x\nFR,3,-\n"


async def test_text_keeps_a_word_that_means_nothing_among_numbers(table: Table, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text(ROWS)
    loaded = await table(file)
    assert await loaded.rows() == [["NA", 1, "-"], ["DE", None, "x"], ["FR", 3, "-"]]
    assert loaded.run.recipe["null_words"] == {"delay": ["", "NA"]}
    again = await table(file, **loaded.run.recipe)
    assert (again.run.recipe, await again.rows()) == (loaded.run.recipe, await loaded.rows())


async def test_words_are_said_once_where_no_text_would_lose_one(table: Table, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("name,a,b\nx,NA,1\ny,2,-\n")
    loaded = await table(file)
    assert loaded.run.recipe["null_words"] == ["", "NA", "-"]
    assert await loaded.rows() == [["x", None, 1], ["y", 2, None]]


async def test_words_can_be_said_for_all_columns_or_for_each_by_label_or_name(table: Table, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text(ROWS.replace("country", "The Country"))
    loaded = await table(file, null_words=["", "NA", "-"])
    assert await loaded.rows() == [[None, 1, None], ["DE", None, "x"], ["FR", 3, None]]
    loaded = await table(file, null_words={"the_country": ["FR"], "delay": ["", "NA", "3"]})
    assert loaded.run.recipe["null_words"] == {"The Country": ["FR"], "delay": ["", "NA", "3"]}
    assert await loaded.rows() == [["NA", 1, "-"], ["DE", None, "x"], [None, None, "-"]]
    assert (await table(file, null_words={"nowhere": ["NA"]})).code == "bad_recipe"
    assert (await table(file, null_words={"delay": "NA"})).code == "bad_recipe"


async def test_a_word_that_is_taken_out_is_a_reject_with_its_line(table: Table, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text(ROWS)
    for strict in (True, False):
        loaded = await table(file, null_words=[""], columns={"delay": "BIGINT"}, strict=strict)
        assert await loaded.rows() == [["NA", 1, "-"], ["FR", 3, "-"]]
        assert [(item["line"], item["column"], item["raw"]) for item in loaded.rejects] == [(3, "delay", "DE,NA,x")]


async def test_a_word_far_below_the_sample_is_met_while_loading(table: Table, tmp_path: Path) -> None:
    rows = [f"text {n},{n},{n}.5" for n in range(300_000)]
    rows[-1] = "NA,NA,-"
    file = tmp_path / "a"
    file.write_text("\n".join(["t,a,b", *rows]))
    loaded = await table(file)
    assert (loaded.run.recipe["strict"], loaded.run.reject_count) == (True, 0)
    assert loaded.run.recipe["null_words"] == {"a": ["", "NA"], "b": ["", "-"]}
    assert await loaded.rows("from t where t = 'NA'") == [["NA", None, None]]
