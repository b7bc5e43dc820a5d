"""`%chart`: what is asked for, and what is drawn."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import deita
import pytest
from deita import DeitaError
from deita_kernel.charting import chart, wanted
from deita_kernel.drawing import KINDS, drawn

from .conftest import Kernel

SQL = """SELECT (range % 12 + 1)::INTEGER AS month, DATE '2025-01-01' + range::INTEGER AS day, range % 5 - 1.5 AS value,
    CASE range % 3 WHEN 0 THEN '<b>&"' WHEN 1 THEN 'two' END AS kind FROM range(400)"""


def svg(bundle: dict[str, str]) -> ElementTree.Element:
    html = bundle["text/html"]
    return ElementTree.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])


def test_a_chart_is_read_from_a_line() -> None:
    asked = wanted("line x=day y=avg(price) color='the item' late")
    assert (asked.kind, asked.x, asked.y, asked.aggregate) == ("line", "day", "price", "avg")
    assert (asked.color, asked.result) == ("the item", "late")
    assert (wanted("x=a").kind, wanted("x=a").aggregate, wanted("bar x=a y=b").aggregate) == ("bar", "count", "sum")


@pytest.mark.parametrize(
    "text", ["", "bar", "bar x=a z=b", "pie x=a y", "bar x=a y=mode(b)", "bar x='a", "bar x=a b c"]
)
def test_what_is_no_chart_is_told_how_one_is_written(text: str) -> None:
    with pytest.raises(DeitaError, match="%chart") as caught:
        wanted(text)
    assert caught.value.code == "bad_chart"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "axes", ["x=month y=value", "x=day y=value color=kind", "x=kind y=sum(value)", "x=value", "x=day"]
)
def test_every_kind_draws_numbers_times_and_words(kind: str, axes: str, near: deita.Workspace) -> None:
    bundle = chart(near.sql(SQL), wanted(f"{kind} {axes}"))
    root = svg(bundle)
    assert root.get("role") == "img" and bundle["text/plain"].startswith(f"{kind.capitalize()} chart: ")
    assert len(bundle["text/html"]) < 64_000 and "<b>" not in bundle["text/html"]
    for shape in root.iter("rect"):
        assert float(shape.get("height", "-1")) >= 0 and 0 <= float(shape.get("x", "-1")) <= 640


def test_bars_are_as_high_as_their_values_and_say_them() -> None:
    found: dict[str, Any] = {
        "x": {"name": "month", "type": "INTEGER", "kind": "number", "bin": None},
        "y": {"name": "n", "aggregate": "sum", "type": "HUGEINT"},
        "color": None,
        "points": [{"x": 1, "y": "50"}, {"x": 2, "y": "100"}, {"x": 2025, "y": None}],
        "left_out": {"without_place": 3, "by_sampling": 0},
    }
    bundle = drawn(found, "bar")
    low, high = svg(bundle).iter("rect")
    assert float(high.get("height", "0")) == pytest.approx(2 * float(low.get("height", "0")), abs=0.2)
    assert high[0].text == "2: 100" and "3 rows have no month" in bundle["text/html"]
    assert bundle["text/plain"] == "Bar chart: sum of n by month · 2 points"
    assert "nothing to draw" in drawn({**found, "points": []}, "bar")["text/plain"]


def test_a_cell_draws_its_result_or_a_named_one(sql_kernel: Kernel) -> None:
    cell = sql_kernel.run(
        "-- @name yearly\nSELECT 2020 + range AS year, range * 10 AS n FROM range(5)\n%chart bar x=year y=n"
    )
    assert cell.status == "ok", cell.text
    assert "5 points" in cell.bundles[1]["text/plain"] and "<svg" in cell.bundles[1]["text/html"]
    sql_kernel.run("SELECT 1 AS other")
    assert "line chart" in sql_kernel.run("%chart line x=year y=n Yearly").text.lower()


def test_what_cannot_be_drawn_is_told_in_the_cell(sql_kernel: Kernel) -> None:
    cell = sql_kernel.run("SELECT 1 AS a;\n%chart bar x=b")
    assert cell.status == "error" and cell.error[-1] == "The statement before it ran."
    assert "in %chart, line 2" in cell.text and "b" in cell.error[0]
    assert "-- @name missing" in sql_kernel.run("%chart bar x=b missing").text
