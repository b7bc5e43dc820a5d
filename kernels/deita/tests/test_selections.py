"""Results that are read again in other ways, through the client; their queries do not run again."""

from __future__ import annotations

import datetime
from pathlib import Path

import deita
import openpyxl
import pytest


@pytest.fixture(scope="module")
def result(near: deita.Workspace, flights: deita.Table) -> deita.Result:
    return near.sql("SELECT carrier, dep_delay, distance, make_date(year, month, day) AS day FROM flights")


def test_a_result_is_sorted_and_filtered(result: deita.Result, far: deita.Workspace) -> None:
    late = result.filter("dep_delay", "gt", 600).filter("carrier", "in", ["HA", "MQ"]).sort("-dep_delay")
    assert [row[:2] for row in late.fetchall()][:3] == [("HA", 1301), ("MQ", 1137), ("MQ", 1126)]
    assert late.df()["dep_delay"].is_monotonic_decreasing and late.arrow().num_rows == late.row_count
    new_year = result.filter("day", "eq", datetime.date(2013, 1, 1))
    assert (new_year.row_count, sum(batch.num_rows for batch in new_year)) == (842, 842)
    assert result.filter("dep_delay", "null").row_count == 8_255
    assert len(result.sort("day").page(5)["rows"]) == 5
    assert "842 rows" in repr(new_year)
    with pytest.raises(deita.DeitaError) as caught:
        result.sort("nope")
    assert caught.value.code == "query_binding"


def test_rows_beyond_the_first_page_are_sorted_too(result: deita.Result) -> None:
    some = result.filter("carrier", "eq", "US").sort("distance", "-dep_delay")
    rows = some.fetchall()
    assert len(rows) == some.row_count == 20_536
    assert [row[2] for row in rows] == sorted(row[2] for row in rows)


def test_a_result_becomes_a_workbook(result: deita.Result, tmp_path: Path) -> None:
    path = result.filter("carrier", "eq", "OO").to_xlsx(tmp_path / "oo.xlsx")
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None and (sheet.max_row, sheet["A1"].value, sheet["A2"].value) == (33, "carrier", "OO")


def test_a_result_is_profiled_and_drawn(result: deita.Result) -> None:
    profile = result.profile()
    assert (profile.rows, profile["carrier"].distinct, profile.table) == (336_776, 16, None)
    assert result.filter("carrier", "eq", "OO").profile().rows == 32
    assert "336,776 rows · 4 columns" in repr(profile)
    months = result.chart("day", "dep_delay", "avg", bins=12)
    assert months["x"]["bin"] == {"unit": "month", "count": 1} and len(months["points"]) == 12
    carriers = result.filter("dep_delay", "gt", 0).chart("carrier", bins=3)["points"]
    assert [point["x"] for point in carriers] == ["UA", "EV", "B6", None]
