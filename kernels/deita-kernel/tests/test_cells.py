from __future__ import annotations

import pytest
from deita import DeitaError, QueryError
from deita_kernel.cells import CellError, Command, Statement, explain, parts_of

CELL = "SELECT 1; SELECT 2 x y\n;\nSELECT\n  3"


def explained(index: int, **details: int) -> list[str]:
    found = parts_of(CELL)
    sql = found[index].sql if isinstance(found[index], Statement) else ""
    error = QueryError(sql, DeitaError("query_syntax", "Bad.", "A hint.", details))
    return explain(error, CELL, found, index).lines


def test_a_place_in_the_first_line_of_a_later_statement_is_moved_along() -> None:
    assert explained(1, line=1, column=12) == [
        "Bad.",
        "line 1: SELECT 1; SELECT 2 x y",
        "                             ^",
        "A hint.",
        "The statement before it ran.",
    ]


def test_a_place_in_a_further_line_keeps_its_column() -> None:
    assert explained(2, line=2, column=3)[1:3] == ["line 4:   3", "          ^"]


def test_without_a_place_the_statement_is_named() -> None:
    assert explained(2)[1] == "in statement 3 of 3, line 3"


def test_a_comment_before_a_statement_names_its_result() -> None:
    named = parts_of("-- @name first\n-- of all\nSELECT 1; -- @name b2\nSELECT 2;\nSELECT '-- @name c' -- @name d")
    assert [part.name for part in named if isinstance(part, Statement)] == ["first", "b2", None]


def test_what_is_no_name_is_refused_with_its_line() -> None:
    for name in ("2b", "a b", "", "a-b", "x" * 64):
        with pytest.raises(CellError, match="is no name") as caught:
            parts_of(f"SELECT 1;\n-- @name {name}\nSELECT 2")
        assert caught.value.lines[1] == "line 2"


def test_a_command_is_a_line_of_its_own_and_ends_the_statement_before_it() -> None:
    text = "SELECT 7\n  % 4 AS a, '\n%chart b' AS s\n%chart bar x=a\nSELECT 2 % chart\nFROM t"
    first, chart, second = parts_of(text)
    assert isinstance(first, Statement) and first.sql == "SELECT 7\n  % 4 AS a, '\n%chart b' AS s"
    assert chart == Command("chart", "bar x=a", text.index("%chart bar"))
    assert isinstance(second, Statement) and text[second.offset :] == second.sql == "SELECT 2 % chart\nFROM t"
