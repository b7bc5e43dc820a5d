from __future__ import annotations

import json

from deita.errors import DeitaError, QueryError, from_answer, point_at


def test_the_caret_stands_under_the_column() -> None:
    assert point_at("SELECT *\nFORM flights", 2, 6) == "line 2: FORM flights\n             ^"


def test_a_long_line_is_cut_around_the_place() -> None:
    text, caret = point_at("x" * 500 + "BAD" + "y" * 500, 1, 501).splitlines()
    assert len(text) < 130 and text.startswith("line 1: …x") and text.endswith("y…")
    assert text[len(caret) - 1 :].startswith("BAD")


def test_wide_characters_before_the_place_are_counted_as_two() -> None:
    text, caret = point_at("SELECT '東京' FORM t", 1, 13).splitlines()
    assert text.index("FORM") + 2 == len(caret) - 1


def test_a_place_outside_of_the_statement_is_not_shown() -> None:
    assert point_at("SELECT 1", 7, 1) == ""


def test_an_error_of_the_data_plane_keeps_all_that_it_says() -> None:
    body = {"code": "table_not_found", "message": "No table x.", "hint": "There is y.", "details": {"a": 1}}
    error = from_answer(404, json.dumps(body | {"request_id": "r1"}).encode())
    assert (error.code, error.status, error.hint, error.details, error.request_id) == (
        "table_not_found",
        404,
        "There is y.",
        {"a": 1},
        "r1",
    )
    assert str(error) == "No table x.\nThere is y."


def test_a_page_of_a_proxy_is_told_by_its_status_alone() -> None:
    error = from_answer(502, b"<html>secret</html>")
    assert (error.code, error.status) == ("unexpected_answer", 502)
    assert "secret" not in str(error)


def test_a_query_error_shows_the_place_between_message_and_hint() -> None:
    cause = DeitaError("query_syntax", "Syntax error.", "Did you mean FROM?", {"line": 1, "column": 10})
    assert str(QueryError("SELECT 1 FORM t", cause)).splitlines() == [
        "Syntax error.",
        "line 1: SELECT 1 FORM t",
        "                 ^",
        "Did you mean FROM?",
    ]
