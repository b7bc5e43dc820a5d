from __future__ import annotations

from deita.rendering import duration, foot_text, html_table, text_table

HOSTILE = "<script>alert('x')</script>"


def test_names_types_values_and_the_line_below_are_escaped() -> None:
    html = html_table([(HOSTILE, HOSTILE)], [[HOSTILE], [{"k": HOSTILE}]], HOSTILE)
    assert "<script" not in html and html.count("&lt;script&gt;") == 5


def test_the_title_of_a_cut_text_is_escaped_too() -> None:
    html = html_table([("a", "VARCHAR")], [['" onmouseover="' + "x" * 300]], "")
    assert 'onmouseover="' not in html and "…</td>" in html


def test_numbers_stand_right_and_nulls_are_dim() -> None:
    html = html_table([("n", "INTEGER"), ("s", "VARCHAR")], [[1, None]], "")
    number, null = html.split("<td")[1:]
    assert "text-align:right" in html.split("<thead")[0] and number.startswith(">1<") and "text-align:left" in null
    assert "opacity" in null and ">null<" in null


def test_text_tables_line_up_and_hold_one_row_a_line() -> None:
    text = text_table([("city", "VARCHAR"), ("n", "BIGINT")], [["東京", 5], ["two\nlines", 123]], "2 rows")
    assert text.splitlines() == ["city         n", "─────────  ───", "東京         5", "two lines  123", "2 rows"]


def test_a_long_text_is_cut_in_text_tables() -> None:
    assert text_table([("a", "VARCHAR")], [["x" * 100]], "").splitlines()[2] == "x" * 39 + "…"


def test_the_foot_says_how_much_is_shown_and_whether_a_limit_cut() -> None:
    assert foot_text(1, 1, 3.4) == "1 row · 3 ms"
    assert foot_text(336776, 20, 1234) == "336,776 rows, the first 20 shown · 1.2 s"
    assert foot_text(10, 10, None, truncated=True) == "10 rows, cut by the limit"


def test_durations_are_milliseconds_below_a_second() -> None:
    assert (duration(0.4), duration(999), duration(61_000)) == ("0 ms", "999 ms", "61.0 s")
