"""`-- @name`: a result is a table for the cells after it."""

from __future__ import annotations

import deita
from deita_kernel.names import words_of

from .conftest import Kernel


def test_a_named_result_is_a_table_for_later_cells(sql_kernel: Kernel) -> None:
    assert sql_kernel.run("-- @name tens\nSELECT range * 10 AS n FROM range(5)").status == "ok"
    cell = sql_kernel.run("-- @name doubled\nSELECT n * 2 AS m FROM tens;\nSELECT sum(m) AS total FROM Doubled")
    assert cell.status == "ok", cell.text
    assert "200" in cell.bundles[1]["text/plain"]


def test_a_name_that_is_used_again_means_the_newer_result(sql_kernel: Kernel) -> None:
    sql_kernel.run("-- @name again\nSELECT 1 AS a")
    sql_kernel.run("-- @name Again\nSELECT a + 41 AS a FROM again")
    assert "42" in sql_kernel.run("SELECT a FROM again").text


def test_an_error_in_a_later_cell_keeps_its_place(sql_kernel: Kernel) -> None:
    sql_kernel.run("-- @name small\nSELECT 1 AS a")
    cell = sql_kernel.run("SELECT a,\n  nothing FROM small")
    _, line, caret, *_ = cell.error
    assert line == "line 2:   nothing FROM small" and caret.index("^") == line.index("nothing")


def test_a_table_is_made_of_a_named_result(sql_kernel: Kernel, near: deita.Workspace) -> None:
    sql_kernel.run("-- @name picked\nSELECT 7 AS n")
    assert sql_kernel.run("CREATE TABLE from_picked AS SELECT n FROM picked").status == "ok"
    assert near.sql("FROM from_picked").fetchall() == [(7,)]


def test_a_result_that_is_no_longer_kept_is_told_with_what_to_do(sql_kernel: Kernel, near: deita.Workspace) -> None:
    sql_kernel.run("-- @name fleeting\nSELECT 1 AS a")
    spool = near._spool
    assert spool is not None
    newest = near.history(limit=1)[0]
    (spool / f"{newest.id}.arrow").unlink()
    cell = sql_kernel.run("SELECT * FROM fleeting")
    assert cell.reply["ename"] == "result_expired" and "fleeting" in cell.error[0]
    assert "Run the cell that made it again" in cell.text


def test_no_result_is_called_like_a_table(sql_kernel: Kernel) -> None:
    sql_kernel.run("CREATE TABLE taken AS SELECT 1 AS a")
    cell = sql_kernel.run("-- @name taken\nSELECT 2 AS a")
    assert cell.reply["ename"] == "table_exists" and not cell.bundles


def test_a_table_that_comes_later_is_told_once_and_then_read(sql_kernel: Kernel, near: deita.Workspace) -> None:
    sql_kernel.run("-- @name coming\nSELECT 1 AS a")
    near.write("CREATE TABLE coming AS SELECT 99 AS a")
    assert "There is a table coming now" in sql_kernel.run("SELECT a FROM coming").text
    assert "99" in sql_kernel.run("SELECT a FROM coming").text


def test_a_statement_that_writes_has_no_result_to_name(sql_kernel: Kernel) -> None:
    cell = sql_kernel.run("-- @name made\nCREATE TABLE made_it AS SELECT 1 AS a")
    assert cell.reply["ename"] == "bad_name" and "It ran" in cell.text


def test_words_in_strings_and_comments_name_no_result() -> None:
    assert words_of("SELECT 'a' AS b, \"C d\" -- e\nFROM f") == {"select", "as", "b", "c d", "from", "f"}


def test_named_results_and_their_columns_are_completed(sql_kernel: Kernel) -> None:
    sql_kernel.run('-- @name late_ones\nSELECT 1 AS how_late, 2 AS "Why so"')
    for code, position, wanted in [
        ("SELECT * FROM late_o", 20, "late_ones"),
        ("SELECT how_ FROM late_ones", 11, "how_late"),
        ("SELECT late_ones.", 17, '"Why so"'),
    ]:
        assert wanted in sql_kernel.ask(sql_kernel.client.complete, code, position)["matches"]
