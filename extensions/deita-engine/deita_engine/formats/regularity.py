"""Whether DuckDB's reader can read a file by its recipe, or would read it wrongly without a word."""

from __future__ import annotations

import mmap
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .dialect import BadQuoteError, Dialect, OpenQuoteError, split
from .records import Record


def is_regular(path: Path, lines: Sequence[str], rows: Sequence[Record], recipe: dict[str, Any], width: int) -> bool:
    """Whether the fast reader can read what was seen of a file: its `lines`, and the `rows` of its table."""
    if (
        recipe["footer"]
        or recipe["comment"]
        or len(recipe["delimiter"]) > 1
        or recipe["escape"] not in ('"', "\\", "'")
    ):
        return False
    if rows and rows[0].line - 1 != recipe["skip"] + recipe["header"]:
        return False
    ends = {line[len(line.rstrip("\r\n")) :] for line in lines[: len(lines) - 1]}
    if len(ends - {"\n", "\r\n"}) or len(ends) > 1:
        return False
    if not all(_stands_alone(line, recipe) for line in lines[: recipe["skip"] + recipe["header"]]):
        return False
    return all(
        len(row.fields) == width and not row.wrong and (row.raw or width > 1) for row in rows
    ) and not _has_other_escapes(path, recipe)


def _stands_alone(line: str, recipe: dict[str, Any]) -> bool:
    """Whether the quotes of a skipped line are right: DuckDB skips records, and an open quote takes the rows along."""
    try:
        split(line.rstrip("\r\n"), Dialect(recipe["delimiter"], recipe["quote"], recipe["escape"]))
    except (OpenQuoteError, BadQuoteError):
        return False
    return True


def _has_other_escapes(path: Path, recipe: dict[str, Any]) -> bool:
    """Whether an escape stands before what needs none: DuckDB drops it, though the value has it."""
    if recipe["escape"] == recipe["quote"]:
        return False
    escape, quote = (re.escape(recipe[key].encode()) for key in ("escape", "quote"))
    escaped = re.compile(rb"%b(?:[%b%b]|(.))" % (escape, escape, quote), re.DOTALL)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return any(found[1] for found in escaped.finditer(content))
