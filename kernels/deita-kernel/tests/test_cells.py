from __future__ import annotations

from deita import DeitaError, QueryError
from deita.sql_text import statements
from deita_kernel.cells import explain

CELL = "SELECT 1; SELECT 2 x y\n;\nSELECT\n  3"


def explained(index: int, **details: int) -> list[str]:
    found = statements(CELL)
    error = QueryError(found[index].sql, DeitaError("query_syntax", "Bad.", "A hint.", details))
    return explain(error, CELL, found[index], index, len(found)).lines


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
