"""Whether a recipe can be one, asked before anything begins: the published schema says it, the engine about types."""

from __future__ import annotations

import asyncio
import functools
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from deita_server.errors import DeitaError

if TYPE_CHECKING:
    from deita_engine.client import Engine
    from jsonschema import Draft202012Validator, ValidationError

SHOWN = 300


@functools.cache
def recipe_schema() -> bytes:
    """Return the schema that the engine publishes."""
    return resources.files("deita_engine").joinpath("recipe_schema.json").read_bytes()


async def check(engine: Engine, recipe: dict[str, Any]) -> None:
    """Raise bad_recipe, whose `details.path` is the part that cannot be; null parts are not said."""
    said = {key: value for key, value in recipe.items() if value is not None}
    if not said:
        return
    await asyncio.to_thread(_check_shape, said)
    await engine.check_recipe(said)


@functools.cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # only whoever says something of a recipe waits for it

    return Draft202012Validator(json.loads(recipe_schema()))


def _check_shape(recipe: dict[str, Any]) -> None:
    from jsonschema.exceptions import best_match

    error = best_match(_validator().iter_errors(recipe))
    if error is not None:
        path = _path(error)
        raise DeitaError(
            "bad_recipe",
            f"{path}: {error.message}"[:SHOWN],
            hint="`GET /imports/recipe-schema` says what a recipe may say.",
            details={"path": path, "field": path},
        )


def _path(error: ValidationError) -> str:
    parts = [str(part) for part in error.absolute_path]
    if error.validator == "additionalProperties" and isinstance(error.schema, dict):
        parts += sorted(set(error.instance) - set(error.schema.get("properties", ())))[:1]
    return ".".join(parts)[:SHOWN]
