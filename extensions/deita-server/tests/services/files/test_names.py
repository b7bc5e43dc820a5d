from __future__ import annotations

import pytest
from deita_server.errors import DeitaError
from deita_server.services.files import names


@pytest.mark.parametrize(
    "name", ["sales.csv", "Umsätze 2025.csv", "日本語.parquet", "a..b", "x" * 200, "nul_values.csv"]
)
def test_ordinary_names_are_fine(name: str):
    assert names.checked(name) == name


@pytest.mark.parametrize(
    "name", ["", " ", "a/b", "a\\b", "\0", ".a", "-a", "nul", "Con.csv", "LPT9.txt", "a\u202eb", "\ufeffa", "é" * 101]
)
def test_harmful_names_are_refused(name: str):
    with pytest.raises(DeitaError) as refused:
        names.checked(name)
    assert refused.value.code == "bad_name"


def test_names_that_look_the_same_share_a_key():
    assert names.key("Café.CSV") == names.key("cafe\u0301.csv")
    assert names.key("STRASSE") == names.key("straße")
    assert names.key("a.csv") != names.key("b.csv")
