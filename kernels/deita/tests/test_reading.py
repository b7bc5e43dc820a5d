"""Looking at how files are read, and correcting it, from Python."""

from __future__ import annotations

from pathlib import Path

import deita
import pytest


def test_a_preview_shows_the_reading_and_its_doubts(near: deita.Workspace, tmp_path: Path) -> None:
    file = tmp_path / "dates.csv"
    file.write_text("when,n\n" + "".join(f"0{day}/0{day + 1}/2025,{day}\n" for day in range(1, 8)))
    near.upload(file)
    found = near.preview("dates.csv")
    assert [(column.name, column.type) for column in found.columns] == [("when", "DATE"), ("n", "BIGINT")]
    assert found.doubts[0]["key"] == "columns.when.type" and found.confidence < 0.7
    other = near.preview("dates.csv", columns={"when": found.doubts[0]["alternatives"][0]["value"]})
    assert other.rows[0] != found.rows[0]


def test_a_preview_refuses_a_recipe_that_is_none(near: deita.Workspace, tmp_path: Path) -> None:
    file = tmp_path / "plain.csv"
    file.write_text("a\n1\n")
    near.upload(file)
    with pytest.raises(deita.DeitaError) as caught:
        near.preview("plain.csv", skip="many")
    assert caught.value.code == "bad_recipe"


def test_rejects_become_rows_when_a_table_is_read_again(near: deita.Workspace, tmp_path: Path) -> None:
    file = tmp_path / "counted.csv"
    file.write_text("n,item\n1,tea\ntwo,cake\n3,bread\n")
    done = near.import_file(file, columns={"n": "BIGINT"})
    assert (done.rows, done.reject_count) == (2, 1)
    assert {name: count for name, count in done.counts.items() if count} == {"unit": "line", "total": 4, "header": 1}
    assert [(reject.line, reject.column, reject.raw) for reject in done.rejects()] == [(3, "n", "two,cake")]
    file.write_text("something else\n")
    near.upload(file, replace=True)
    again = near.reimport("counted", columns={"n": "VARCHAR"})
    assert (again.rows, again.reject_count, again.version) == (3, 0, 2)
    assert list(again.rejects()) == []
    assert near.sql("SELECT n FROM counted ORDER BY item").fetchall() == [("3",), ("two",), ("1",)]


def test_a_table_of_a_query_cannot_be_read_again(near: deita.Workspace) -> None:
    near.write("CREATE TABLE unread AS SELECT 1 AS one")
    with pytest.raises(deita.DeitaError) as caught:
        near.reimport("unread")
    assert caught.value.code == "not_from_file"
