"""Words that count as nothing, as a recipe says them: a list for all columns, or lists by label.

A column of text keeps its NA and its dashes, so a list is said only where no such column would lose them. A column
without a list of its own takes the empty text alone for nothing.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence, Set
from itertools import chain
from typing import Any

from deita_engine.names import unique_names
from deita_engine.shapes import EngineError

from .column_types import type_of

NOTHING = [""]
Words = list[str] | dict[str, list[str]]


def words_for(said: Words, label: str) -> list[str]:
    """The words for one column."""
    return said if isinstance(said, list) else said.get(label, NOTHING)


def worded(used: Mapping[str, Sequence[str]], kept: Set[str] | None) -> Words:
    """How a recipe says that columns (by label) use these words; `kept` are the words that other columns have as texts
    of their own, None when that is not known.
    """
    words = list(dict.fromkeys(chain.from_iterable(used.values())))
    if not words or (kept is not None and kept.isdisjoint(words)):
        return [*NOTHING, *words]
    return {label: [*NOTHING, *own] for label, own in used.items() if own}


def with_words(recipe: dict[str, Any], label: str, words: Sequence[str]) -> dict[str, Any]:
    """The recipe with more words for one column: for all, unless some are text."""
    said: Words = recipe["null_words"]
    if isinstance(said, list):
        if all(type_of(spec) != "VARCHAR" for spec in recipe["columns"].values()):
            return {**recipe, "null_words": list(dict.fromkeys([*said, *words]))}
        said = {} if said == NOTHING else dict.fromkeys(recipe["columns"], said)
    own = list(dict.fromkeys([*words_for(said, label), *words]))
    return {**recipe, "null_words": {**said, label: own}}


def by_label(said: Words, labels: Sequence[str]) -> Words:
    """The caller's words with labels as keys; a column may be called by its snake-case name, too. Raises EngineError
    bad_recipe for a column that is not there.
    """
    if isinstance(said, list):
        return said
    by_name = dict(zip(unique_names(labels), labels, strict=True))
    known = {key: key if key in labels else by_name.get(key) for key in said}
    if strange := sorted(key for key, label in known.items() if label is None):
        message = f"null_words names {', '.join(strange)}, which is no column."
        raise EngineError("bad_recipe", message, details={"field": "null_words", "columns": list(labels)[:200]})
    return {label: said[key] for key, label in known.items() if label is not None}


def are_words(said: Any) -> bool:
    """Whether it is a list of texts, or an object of such lists."""
    lists = list(said.values()) if isinstance(said, dict) else [said]
    return all(isinstance(words, list) and all(isinstance(word, str) for word in words) for words in lists)


def without(said: Words, words: Container[str]) -> Words:
    """The same without some words."""
    if isinstance(said, list):
        return [word for word in said if word not in words]
    left = {label: [word for word in own if word not in words] for label, own in said.items()}
    return {label: own for label, own in left.items() if own != NOTHING} or NOTHING
