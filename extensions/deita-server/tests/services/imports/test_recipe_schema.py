"""The schema of recipes as outsiders get it, against the recipes that imports answer with."""

from __future__ import annotations

import io

import openpyxl
from jsonschema import Draft202012Validator

from ...workspace_server import RunningServer


def workbook() -> bytes:
    """Return a workbook with one sheet."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (["City", "People"], ["Kyiv", 2_950_000], ["Lviv", 717_000]):
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def test_recipes_of_every_kind_keep_to_the_schema_that_is_served(workspace: RunningServer):
    answer = workspace.api.get("/imports/recipe-schema")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/schema+json")
    schema = answer.json()
    Draft202012Validator.check_schema(schema)
    files = {
        "schema.csv": b"day;cost\n13.02.2024;1,50\n14.02.2024;2,75\n",
        "schema.xlsx": workbook(),
        "schema.ndjson": b'{"a": 1}\n',
    }
    for name, content in files.items():
        workspace.put(name, content)
        recipe = workspace.import_file(name, mode="replace", table="by_schema")["recipe"]
        Draft202012Validator(schema).validate(recipe)
        assert set(recipe) <= set(schema["properties"])
