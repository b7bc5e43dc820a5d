from __future__ import annotations

import pytest
from deita_engine.names import snake_case, table_name, unique_names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Total Sales (€)", "total_sales"),
        ("depTime", "dep_time"),
        ("été", "ete"),
        ("2024", "_2024"),
        ("!!", "column_1"),
        ("日本", "日本"),
    ],
)
def test_headers_become_snake_case(text: str, name: str) -> None:
    assert snake_case(text, "column_1") == name


def test_names_are_unique_and_never_empty() -> None:
    assert unique_names(["a", "A", "", "a_2", "a"]) == ["a", "a_2", "column_3", "a_2_2", "a_3"]


@pytest.mark.parametrize(("file", "name"), [("sales 2024.csv.gz", "sales_2024"), ("a/b.parquet", "b"), (".csv", "csv")])
def test_a_table_is_named_after_its_file(file: str, name: str) -> None:
    assert table_name(file) == name
