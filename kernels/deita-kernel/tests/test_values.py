"""`%set`: values of `$name` that stay from cell to cell."""

from __future__ import annotations

import pytest
from deita import DeitaError
from deita_kernel.values import KEPT, Values

from .conftest import Kernel


def test_only_what_a_statement_uses_is_bound() -> None:
    values = Values()
    values.set("Year = 2025")
    values.set("$day DATE = 2025-01-31")
    values.set("city = 'St. John''s'")
    values.set("sizes INTEGER[] = [1, 2]")
    assert values.used_in("SELECT $year, '$day', $$ $city $$ -- $city") == ({"year": 2025}, {})
    assert values.used_in("SELECT $DAY, $city") == ({"DAY": "2025-01-31", "city": "St. John's"}, {"DAY": "DATE"})
    assert values.used_in("SELECT $sizes") == ({"sizes": [1, 2]}, {"sizes": "INTEGER[]"})


def test_what_sets_nothing_and_too_much_are_refused() -> None:
    values = Values()
    for text in ("", "year", "= 3", "2x = 3", "year ="):
        with pytest.raises(DeitaError, match="sets nothing"):
            values.set(text)
    for number in range(KEPT):
        values.set(f"v{number} = {number}")
    values.set("v1 = 2")
    with pytest.raises(DeitaError, match="already"):
        values.set("one_more = 1")


def test_a_value_is_set_once_and_used_in_later_cells(sql_kernel: Kernel) -> None:
    assert sql_kernel.run("%set low = 3").outputs == []
    assert "12" in sql_kernel.run("SELECT sum(range) AS s FROM range(6) WHERE range >= $low").text
    cell = sql_kernel.run("%set low = 5\nSELECT sum(range) AS s FROM range(6) WHERE range >= $low")
    assert "5" in cell.bundles[0]["text/plain"].splitlines()[2]
    assert "DATE" in sql_kernel.run("%set day DATE = 2025-01-31\nSELECT typeof($day) AS t").text
    assert sql_kernel.run("%set low INTEGER = x\nSELECT $low").reply["ename"] == "bad_parameter"
