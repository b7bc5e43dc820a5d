"""Only what can run is saved: the engine judges and binds a statement, which tells its parameters and columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deita_engine.shapes import Draft, EngineError

from .models import DeclaredParameter, Parameter
from .parameters import settled

if TYPE_CHECKING:
    from deita_engine.client import Engine


SAMPLES: dict[str, Any] = {
    "VARCHAR": "",
    "INTEGER": 1,
    "BIGINT": 1,
    "DOUBLE": 1.0,
    "DECIMAL": "1",
    "BOOLEAN": True,
    "DATE": "2000-01-01",
    "TIMESTAMP": "2000-01-01T00:00:00",
}
"""What a statement is bound with where a parameter has no default: null would fit anywhere and prove nothing."""


@dataclass(frozen=True)
class Checked:
    """What is known of a statement that may be saved, as plain values."""

    params: list[dict[str, Any]]
    columns: list[dict[str, str]] | None
    tables: list[str]


async def check(engine: Engine, sql: str, declared: Sequence[DeclaredParameter], *, strict: bool) -> Checked:
    """Return what a statement that reads is; `strict` refuses declared parameters that it has not.

    It is bound twice: to find its parameters and what types their places ask for, then with values of these types.
    Raises EngineError with line and column for a statement that cannot run, DeitaError bad_parameter.
    """
    found = await engine.validate(Draft(sql, types={one.name: one.type for one in declared if one.type}))
    if found.error:
        raise found.error
    kinds = {one.name: one.type for one in found.parameters}
    params = settled(kinds, declared, strict=strict)
    if params:
        found = await engine.validate(Draft(sql, params=_samples(params), types={one.name: one.type for one in params}))
    if found.error:
        error, named = found.error, {one.name.casefold() for one in declared if one.type}
        guessed = [f"${name}" for name, kind in kinds.items() if kind is None and name.casefold() not in named]
        hint = f"Say which types these have: {', '.join(guessed)}." if guessed else error.hint
        raise EngineError(error.code, error.message, hint, error.details)
    columns = None if found.columns is None else [{"name": one.name, "type": one.type} for one in found.columns]
    return Checked([param.model_dump() for param in params], columns, list(found.tables))


def _samples(params: Sequence[Parameter]) -> dict[str, Any]:
    return {param.name: _sample(param) for param in params}


def _sample(param: Parameter) -> Any:
    if param.default is not None:
        return param.default
    kind = param.type.removesuffix("[]")
    one = param.choices[0] if param.choices else SAMPLES[kind.partition("(")[0]]
    return [one] if param.type.endswith("[]") else one
