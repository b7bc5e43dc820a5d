"""How a file would be read: its complete recipe, the first rows, what is doubtful, what else is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deita.http import Transport
from deita.results import Column


@dataclass(frozen=True)
class Preview:
    """`rows` are at most 50; `raw` the first lines of a text file; `odd` rows that would be rejected or look strange.

    `choices` are `{key, value, confidence, reason, alternatives}`, `others` what else in the file could be a table
    (`{title, recipe}`), `confidence` (0 to 1) the lowest that matters.
    """

    recipe: Mapping[str, Any]
    columns: tuple[Column, ...]
    rows: list[list[Any]]
    raw: list[str] | None
    odd: list[Mapping[str, Any]]
    choices: list[Mapping[str, Any]]
    others: list[Mapping[str, Any]]
    confidence: float

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Preview:
        """Read the data plane's reading shape."""
        found = body["preview"]
        return cls(
            recipe=body["recipe"],
            columns=tuple(Column(column["name"], column["type"]) for column in found["columns"]),
            rows=found["rows"],
            raw=found["raw"],
            odd=found["odd"],
            choices=found["choices"],
            others=found["others"],
            confidence=float(found["confidence"]),
        )

    @property
    def doubts(self) -> list[Mapping[str, Any]]:
        """The choices, the least certain first, that could have gone another way."""
        return sorted((c for c in self.choices if c["alternatives"]), key=lambda c: float(c["confidence"]))


def preview(transport: Transport, file: str, recipe: Mapping[str, Any], sha256: str | None = None) -> Preview:
    """Ask how a stored file would be read. Raises DeitaError bad_recipe, or with what is wrong with the file."""
    request = {"file": file, "recipe": dict(recipe), **({"sha256": sha256} if sha256 else {})}
    return Preview.from_body(transport.send("POST", "imports/preview", json_body=request))
