"""A column of texts as the expressions that both CSV readers make values with, so that one recipe gives one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deita_engine.lake_types import held_type

from .column_types import type_of
from .conversion import converted, spec_of, without_words
from .null_words import words_for


@dataclass(frozen=True)
class Column:
    """A column on its way: its type, the text without null words, the value."""

    label: str
    name: str
    type: str
    text: str
    value: str

    @property
    def misfit(self) -> str:
        """True for a text that is no value."""
        return "false" if self.value == self.text else f"(({self.text}) IS NOT NULL AND ({self.value}) IS NULL)"

    def value_or_error(self, message: str) -> str:
        """The value; a text that is none ends the statement with this message."""
        if self.value == self.text:
            return self.value
        return f"coalesce({self.value}, CASE WHEN ({self.text}) IS NOT NULL THEN error('{message}') END)"


def column_of(recipe: dict[str, Any], label: str, name: str, read: str) -> Column:
    """The column with this label; `read` is the expression for its raw text."""
    spec = recipe["columns"][label]
    text = without_words(read, words_for(recipe["null_words"], label))
    kind = type_of(spec)
    value = converted(text, spec_of(spec, recipe))
    held = held_type(kind)
    return Column(label, name, held, text, value if held == kind else f"CAST({value} AS {held})")


def any_misfit(columns: list[Column]) -> str:
    """True for a row with a text that is no value."""
    return "(" + (" OR ".join(c.misfit for c in columns if c.misfit != "false") or "false") + ")"


def first_misfit(columns: list[Column]) -> tuple[str, str]:
    """Expressions for the first column (its number in the list) whose text is no value, and for that text."""
    which = " ".join(f"WHEN {column.misfit} THEN {number}" for number, column in enumerate(columns))
    text = " ".join(f"WHEN {column.misfit} THEN {column.text}" for column in columns)
    return f"CASE {which} END", f"CASE {text} END"


def reject(column: Column, line: int, raw: str, text: str) -> dict[str, Any]:
    """The row as a reject."""
    return {"line": line, "column": column.name, "raw": raw, "reason": f'"{text[:200]}" is no {column.type}'}
