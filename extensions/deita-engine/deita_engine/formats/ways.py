"""How the columns of a CSV file are written: the type of each by its texts, and what all have in common said once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .cells import NULL_WORDS
from .column_types import Guess, day_order, guess, type_of
from .null_words import Words, worded, words_for


def guesses_of(
    labels: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str, said: Words | None
) -> dict[str, Guess]:
    """The type of each column by its texts in regular rows; `said` are the null words of the caller."""
    columns = list(zip(*rows, strict=True)) or [()] * len(labels)
    nothing = [set(words_for(said, label)) if said is not None else set() for label in labels]
    texts = [[value for value in column if value not in words] for column, words in zip(columns, nothing, strict=True)]
    orders = [order for column in texts if (order := day_order(column)) is not None]
    first = orders[0] if orders and len(set(orders)) == 1 else None
    return {label: guess(column, delimiter, first) for label, column in zip(labels, texts, strict=True)}


def null_words_of(guesses: dict[str, Guess], columns: dict[str, Any], rows: Sequence[Sequence[str]] | None) -> Words:
    """The words that columns of these types need; `rows` are all rows of the file, None when there may be others."""
    used = {
        label: found.null_words
        for label, found in guesses.items()
        if found.null_words and (type_of(columns[label]) != "VARCHAR" or found.spec == "VARCHAR")
    }
    texts = [n for n, label in enumerate(guesses) if label not in used and type_of(columns[label]) == "VARCHAR"]
    if rows is None:
        return worded(used, None if texts else frozenset())
    return worded(used, {row[number].strip() for row in rows for number in texts} & set(NULL_WORDS))


def common_ways(guesses: dict[str, Guess]) -> dict[str, Any]:
    """`{columns, decimal, thousands, date_format, timestamp_format}`: a way that all columns of a type have is said
    once.
    """
    columns: dict[str, Any] = {label: found.spec for label, found in guesses.items()}
    ways: dict[str, Any] = {"decimal": ".", "thousands": None}
    for kind, key in (("DATE", "date_format"), ("TIMESTAMP", "timestamp_format")):
        ways[key] = _one_way(columns, kind, {"format"})
        if ways[key]:
            ways[key] = ways[key]["format"]
    numbers = _one_way(columns, "DOUBLE", {"decimal", "thousands"})
    if numbers and numbers.get("decimal") == ",":
        ways |= {"decimal": ",", "thousands": numbers.get("thousands")}
    return {**ways, "columns": columns}


def _one_way(columns: dict[str, Any], kind: str, keys: set[str]) -> dict[str, Any] | None:
    """The way all columns of a type are written, if it is one; their types become plain then."""
    of_kind = {label: spec for label, spec in columns.items() if type_of(spec) == kind}
    ways = {json.dumps(spec, sort_keys=True) for spec in of_kind.values()}
    if len(ways) != 1:
        return None
    spec: str | dict[str, Any] = next(iter(of_kind.values()))
    if isinstance(spec, str) or not set(spec) <= keys | {"type"} or (kind == "DOUBLE" and spec.get("decimal") != ","):
        return None
    if kind == "DOUBLE" and any(type_of(s) in ("BIGINT",) for s in columns.values()) and spec.get("thousands"):
        return None
    columns.update(dict.fromkeys(of_kind, kind))
    return spec
