"""The SQL that turns a text into a value as the recipe says; NULL for a text that does not fit.

The same expression serves both readers, so that a recipe gives the same table whichever read the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deita_engine.reader import literal
from deita_engine.shapes import EngineError

NUMBERS = ("DOUBLE", "FLOAT", "REAL", "DECIMAL", "NUMERIC")
WHOLES = ("BIGINT", "INTEGER", "INT", "SMALLINT", "TINYINT", "HUGEINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT")
SPEC_KEYS = frozenset({"type", "format", "decimal", "thousands", "unit", "true", "false"})


def check_spec(label: str, spec: Any) -> None:
    """Raise EngineError bad_recipe unless it is a type's name or an object with one."""
    fine = isinstance(spec, str) or (
        isinstance(spec, dict) and isinstance(spec.get("type"), str) and set(spec) <= SPEC_KEYS
    )
    if not fine:
        message = f"The type of {label} is neither a name nor an object of {', '.join(sorted(SPEC_KEYS))}."
        raise EngineError("bad_recipe", message, details={"field": f"columns.{label}"})


def spec_of(spec: str | dict[str, Any], recipe: dict[str, Any]) -> dict[str, Any]:
    """The column's own reading, completed with what the recipe says for all columns."""
    full = {"type": spec} if isinstance(spec, str) else dict(spec)
    kind = full["type"].upper()
    if kind == "DATE" and "format" not in full and recipe.get("date_format"):
        full["format"] = recipe["date_format"]
    if kind == "TIMESTAMP" and "format" not in full and recipe.get("timestamp_format"):
        full["format"] = recipe["timestamp_format"]
    if kind.startswith(NUMBERS) and "decimal" not in full and recipe.get("decimal") not in (None, "."):
        full["decimal"] = recipe["decimal"]
    if kind.startswith((*NUMBERS, *WHOLES)) and "thousands" not in full and recipe.get("thousands"):
        full["thousands"] = recipe["thousands"]
    return full


def is_plain(spec: dict[str, Any]) -> bool:
    """Whether DuckDB reads it by the type alone."""
    extras = {key: value for key, value in spec.items() if key != "type" and value not in (None, [], "")}
    return not extras or extras == {"decimal": "."}


def without_words(text: str, words: Sequence[str]) -> str:
    """The expression for `text` that is NULL where it is one of the words."""
    return f"CASE WHEN {text} IN ({', '.join(map(literal, words))}) THEN NULL ELSE {text} END" if words else text


def converted(text: str, spec: dict[str, Any]) -> str:
    """The expression for `text`, an expression of type VARCHAR."""
    kind = spec["type"].upper()
    if kind in ("VARCHAR", "TEXT", "STRING"):
        return text
    trimmed = f"trim({text})"
    if kind == "BOOLEAN" and (spec.get("true") or spec.get("false")):
        return _words(trimmed, spec)
    if kind.startswith(("DATE", "TIMESTAMP", "TIME")):
        return _moment(trimmed, spec, kind)
    if kind.startswith((*NUMBERS, *WHOLES)):
        return _number(trimmed, spec, kind)
    return f"TRY_CAST({trimmed} AS {spec['type']})"


def _words(text: str, spec: dict[str, Any]) -> str:
    yes = ", ".join(literal(word.lower()) for word in spec.get("true", ["true"]))
    no = ", ".join(literal(word.lower()) for word in spec.get("false", ["false"]))
    return f"CASE WHEN lower({text}) IN ({yes}) THEN true WHEN lower({text}) IN ({no}) THEN false END"


def _moment(text: str, spec: dict[str, Any], kind: str) -> str:
    format = spec.get("format")
    if not format:
        return f"TRY_CAST({text} AS {spec['type']})"
    parsed = f"TRY_CAST(try_strptime({text}, {literal(format)}) AS {spec['type']})"
    if "%Y" in format:  # strptime takes 1/2/24 as the year 24
        return f"CASE WHEN regexp_matches({text}, '[0-9]{{4}}') THEN {parsed} END"
    return parsed


def _number(text: str, spec: dict[str, Any], kind: str) -> str:
    bare, unit = text, spec.get("unit")
    if unit:
        bare = f"replace(replace({bare}, {literal(unit)}, ''), ' ', '')"
    if thousands := spec.get("thousands"):
        bare = f"replace({bare}, {literal(thousands)}, '')"
    decimal = spec.get("decimal") or "."
    if decimal != ".":
        bare = f"replace({bare}, {literal(decimal)}, '.')"
    if kind.startswith(WHOLES) or spec["type"].upper().replace(" ", "").endswith(",0)"):
        pattern = "[+-]?[0-9]+"
    else:
        pattern = r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?|[+-]?(?i:inf|infinity|nan)"
    value = f"CASE WHEN regexp_full_match({bare}, {literal(pattern)}) THEN TRY_CAST({bare} AS {spec['type']}) END"
    return f"({value}) / 100" if unit == "%" else value
