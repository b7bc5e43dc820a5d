"""What the columns of a sheet become: the kind of each, and the words and errors that count as nothing in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from deita_engine.names import unique_names

from .null_words import Words, by_label, worded, words_for
from .sheet_cells import TEXT, Evidence

TYPES = {
    "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP",
    "time": "TIME", "duration": "INTERVAL",
}  # fmt: skip


@dataclass
class Kinds:
    """The columns' kinds in their order, the null words, and the types of columns that are written as text and to be
    cast, because they have errors that are not to be nothing.
    """

    null_words: Words
    kinds: list[str] = field(default_factory=list)
    casts: dict[str, str] = field(default_factory=dict)


def kinds_of(
    labels: list[str], evidence: Sequence[Evidence], errors: Sequence[Counter[str]], request: dict[str, Any]
) -> Kinds:
    """The kinds of columns with these cells and errors; what the request wants as text stays as shown. Raises
    EngineError bad_recipe.
    """
    said: Words | None = request.get("null_words")
    said = None if said is None else by_label(said, labels)
    texts = set(request.get("texts") or ())
    found = Kinds([] if said is None else said)
    used: dict[str, list[str]] = {}
    held: set[str] = set()
    for label, name, known, own in zip(labels, unique_names(labels), evidence, errors, strict=True):
        kind, words, stray = known.kind(None if said is None else words_for(said, label), own.keys())
        if label in texts or name in texts:
            kind, words, stray = TEXT, [], False
        if stray and kind != TEXT:
            found.casts[label], kind = TYPES[kind], TEXT
        used[label] = words or sorted(own)
        held |= known.nothing - set(used[label]) if kind == TEXT else set()
        found.kinds.append(kind)
    if said is None:
        found.null_words = worded(used, held)
    return found
