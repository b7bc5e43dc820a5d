from __future__ import annotations

import json
from pathlib import Path

import deita_engine
import pytest
from deita_engine.formats import csv_recipe
from deita_engine.formats.unpack import Packing
from jsonschema import Draft202012Validator

SCHEMA = json.loads((Path(deita_engine.__file__).parent / "recipe_schema.json").read_text())


@pytest.mark.parametrize(
    "text",
    ["a,b\n1,2\n", "day;cost\n01.02.2024;1,50 €\n13.02.2024;2,50 €\n", "title\n\na\tb\nyes\t05\nno\t07\n\nnote\n"],
)
def test_the_recipes_that_are_found_keep_to_the_published_schema(text: str, tmp_path: Path) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    file = tmp_path / "a.csv"
    file.write_text(text)
    recipe = csv_recipe.find(file, Packing(), "utf-8", {}).recipe
    Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(recipe)))


def test_the_schema_names_every_part_that_a_csv_recipe_may_have() -> None:
    assert set(SCHEMA["properties"]) >= csv_recipe.RECIPE_KEYS
