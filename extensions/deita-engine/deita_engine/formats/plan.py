"""What a format module hands over: the SELECT that reads a file, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Plan:
    """`sql` reads the file as `columns` (name → type); `labels` are the headers; `recipe` says how it is read."""

    sql: str
    columns: dict[str, str]
    labels: dict[str, str]
    recipe: dict[str, Any]
