"""Names of tables and columns: lower snake case, unique, never empty; the header's own text stays as label."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import PurePath

SUFFIXES = frozenset(
    {
        ".csv", ".tsv", ".txt", ".xlsx", ".xlsb", ".xls", ".ods", ".json", ".ndjson", ".jsonl", ".parquet", ".pq",
        ".arrow", ".feather", ".gz", ".gzip", ".zst", ".bz2", ".zip",
    }
)  # fmt: skip
MAX_LENGTH = 120


def snake_case(text: str, otherwise: str) -> str:
    """`Total Sales (€)` → `total_sales`, `depTime` → `dep_time`, `été` → `ete`; `otherwise` when nothing is left."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", plain)
    words = re.findall(r"[^\W_]+", plain.lower())
    name = "_".join(words)[:MAX_LENGTH].rstrip("_") or otherwise
    return f"_{name}" if name[0].isdigit() else name


def unique_names(headers: Iterable[str]) -> list[str]:
    """A column name for each header, in their order."""
    taken: set[str] = set()
    names = []
    for number, header in enumerate(headers, 1):
        base = name = snake_case(header, f"column_{number}")
        count = 2
        while name in taken:
            name, count = f"{base}_{count}", count + 1
        taken.add(name)
        names.append(name)
    return names


def distinct(names: Sequence[str]) -> list[str]:
    """The names, told apart without regard to case: a second `a` becomes `a_2`.

    >>> distinct(["a", "A", "a_2"])
    ['a', 'A_3', 'a_2']
    """
    taken: set[str] = {name.casefold() for name in names}
    seen: set[str] = set()
    found = []
    for name in names:
        own, count = name, 2
        if name.casefold() in seen:
            while own.casefold() in taken:
                own, count = f"{name}_{count}", count + 1
        taken.add(own.casefold())
        seen.add(own.casefold())
        found.append(own)
    return found


def table_name(file: str) -> str:
    """A table's name made from a file's."""
    path = PurePath(file)
    while path.suffix.lower() in SUFFIXES:
        path = path.with_suffix("")
    return snake_case(path.name, "data")
