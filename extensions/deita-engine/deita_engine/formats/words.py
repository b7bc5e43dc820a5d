"""The words of a recipe that only the engine knows: encodings and types."""

from __future__ import annotations

from typing import Any

import duckdb

from .column_types import type_of
from .encoding import text_codec
from .typed import parsed_type


def check_words(connection: duckdb.DuckDBPyConnection, recipe: dict[str, Any]) -> None:
    """Raise EngineError bad_recipe for an encoding or a type that there is not; the recipe's shape is right."""
    if "encoding" in recipe:
        text_codec(recipe["encoding"])
    for label, spec in recipe.get("columns", {}).items():
        parsed_type(connection, label, type_of(spec))
