"""What parameters a saved query has, and the values that a run gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deita_server.errors import DeitaError
from deita_server.services.queries.parameters import bad_value, read_value, type_name

from .models import DeclaredParameter, EndpointQuery, Parameter

RESERVED = frozenset({*EndpointQuery.model_fields, "token"})
"""Words of an endpoint's address, which no parameter can have for a name."""
NEAREST = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "UTINYINT", "USMALLINT"), "INTEGER"),
    "UINTEGER": "BIGINT",
    **dict.fromkeys(("HUGEINT", "UHUGEINT", "UBIGINT"), "DECIMAL(38,0)"),
    "FLOAT": "DOUBLE",
    **dict.fromkeys(("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"), "TIMESTAMP"),
}
"""For types that the binder finds and parameters cannot have."""


def settled(found: dict[str, str | None], declared: Sequence[DeclaredParameter], *, strict: bool) -> list[Parameter]:
    """Return the parameters of a statement that holds those of `found` (name: type, None where it is not known).

    What is declared and does not occur is refused when `strict`, otherwise forgotten. Raises DeitaError bad_parameter,
    also for defaults and choices that are not of the type.
    """
    by_name: dict[str, DeclaredParameter] = {}
    names = {name.casefold(): name for name in reversed(found)}  # spelled as it is first
    for one in declared:
        if strict and one.name.casefold() not in names:
            raise _bad(one.name, f"The statement has no parameter ${one.name}.", f"It has {_listed(found)}.")
        if by_name.setdefault(one.name.casefold(), one) is not one:
            raise _bad(one.name, f"The parameter {one.name} is declared twice.", "Names are the same in capitals.")
    return [
        _settled(name, kind, by_name.get(name.casefold()))
        for name, kind in found.items()
        if names[name.casefold()] == name
    ]


def _settled(name: str, found: str | None, declared: DeclaredParameter | None) -> Parameter:
    if name.casefold() in RESERVED:
        hint = f"Words of an endpoint's address are {', '.join(sorted(RESERVED))}."
        raise _bad(name, f"A parameter of a saved query cannot be called {name}.", hint)
    declared = declared or DeclaredParameter.model_validate({"name": name})
    kind = declared.type or _nearest(found)
    choices = None if declared.choices is None else [read_value(name, _item(kind), one) for one in declared.choices]
    default = read_value(name, kind, declared.default)
    _check_choice(name, kind, choices, default)
    required = declared.required if declared.required is not None else default is None
    return Parameter(
        name=name, type=kind, default=default, required=required, choices=choices, description=declared.description
    )


def values(params: Iterable[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every parameter: as given, by default, or null; raises DeitaError bad_parameter."""
    params = list(params)
    by_name = {name.casefold(): value for name, value in given.items()}
    known = {param.name.casefold() for param in params}
    for name in given:
        if name.casefold() not in known:
            raise _bad(name, f"There is no parameter {name}.", f"There is {_listed(param.name for param in params)}.")
    return {param.name: _value(param, by_name.get(param.name.casefold())) for param in params}


def _value(param: Parameter, given: Any) -> Any:
    if given is None and param.required:
        hint = f"Give it a value of type {param.type}."
        raise _bad(param.name, f"The parameter {param.name} is missing.", hint, type=param.type)
    if given is None:
        return param.default
    value = read_value(param.name, param.type, given)
    _check_choice(param.name, param.type, param.choices, value)
    return value


def from_address(params: Iterable[Parameter], arguments: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the values that an address gives: a list for a parameter that takes one, and nothing for an empty text
    where the type has none. Raises DeitaError bad_parameter for what is given twice.
    """
    kinds = {param.name.casefold(): param.type for param in params}
    found: dict[str, Any] = {}
    for name, texts in arguments.items():
        kind = kinds.get(name.casefold(), "VARCHAR")
        if kind.endswith("[]"):
            found[name] = texts
        elif len(texts) > 1:
            raise bad_value(name, kind, ", ".join(texts), "given once")
        elif texts[0] or kind == "VARCHAR":
            found[name] = texts[0]
    return found


def _check_choice(name: str, kind: str, choices: list[Any] | None, value: Any) -> None:
    if choices is None or value is None:
        return
    for one in value if kind.endswith("[]") else [value]:
        if one not in choices:
            raise bad_value(name, kind, one, f"one of {', '.join(map(str, choices[:20]))}")


def _nearest(found: str | None) -> str:
    kind = found or "VARCHAR"
    item, many = kind.removesuffix("[]"), "[]" if kind.endswith("[]") else ""
    try:
        return type_name(NEAREST.get(item, item) + many)
    except ValueError:
        return "VARCHAR"


def _item(kind: str) -> str:
    return kind.removesuffix("[]")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _bad(name: str, message: str, hint: str, **details: Any) -> DeitaError:
    return DeitaError("bad_parameter", message, hint, {"name": name[:200], **details})
