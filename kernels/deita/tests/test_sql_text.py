from __future__ import annotations

import pytest
from deita.sql_text import is_open, line_and_column, statements


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" ;; \n -- nothing; here\n /* nor; here */ ;", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';'; SELECT 'it''s; fine'", ["SELECT ';'", "SELECT 'it''s; fine'"]),
        (r"SELECT E'a\';b'; SELECT 2", [r"SELECT E'a\';b'", "SELECT 2"]),
        (r"SELECT 'a\'; SELECT 2", [r"SELECT 'a\'", "SELECT 2"]),
        ('SELECT "a;""b" FROM t; SELECT 2', ['SELECT "a;""b" FROM t', "SELECT 2"]),
        ("SELECT $$a;b$$; SELECT $x$ $$;$$ $x$", ["SELECT $$a;b$$", "SELECT $x$ $$;$$ $x$"]),
        ("SELECT $1; SELECT $name", ["SELECT $1", "SELECT $name"]),
        ("SELECT 1 /* a; /* b; */ c; */; SELECT 2", ["SELECT 1 /* a; /* b; */ c; */", "SELECT 2"]),
        ("SELECT 1 -- a; b\n; SELECT 2", ["SELECT 1 -- a; b", "SELECT 2"]),
        ("-- first\nSELECT 1;\n-- second\nSELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT 'open; SELECT 2", ["SELECT 'open; SELECT 2"]),
    ],
)
def test_a_cell_is_split_at_the_semicolons_that_end_statements(text: str, expected: list[str]) -> None:
    assert [statement.sql for statement in statements(text)] == expected


def test_a_statement_knows_where_in_the_cell_it_begins() -> None:
    text = "SELECT 1;\n  -- next\n  SELECT 2"
    second = statements(text)[1]
    assert text[second.offset :] == "SELECT 2"
    assert line_and_column(text, second.offset) == (3, 3)


@pytest.mark.parametrize("text", ["SELECT '", 'SELECT "a', "SELECT /* a /* b */", "SELECT $$ a", "SELECT $x$ $$"])
def test_text_that_ends_within_a_string_or_comment_is_open(text: str) -> None:
    assert is_open(text)


@pytest.mark.parametrize("text", ["SELECT 1", "SELECT 'a'", "SELECT 1 -- don't", "SELECT $1"])
def test_text_that_ends_outside_of_them_is_not(text: str) -> None:
    assert not is_open(text)
