"""The reviewed functions of DuckDB (`functions.txt`): what a statement may use, and why the rest is shut."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from .shapes import EngineError

LIST = Path(__file__).with_name("functions.txt")
DENIED = "denied: "


def read_sections(text: str) -> dict[str, tuple[str, ...]]:
    """The names of each `[section]`, in order; lines that begin with # are comments."""
    sections: dict[str, tuple[str, ...]] = {}
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif not line.startswith("#"):
            sections[section] = sections.get(section, ()) + tuple(line.split())
    return sections


SECTIONS = read_sections(LIST.read_text(encoding="utf-8"))
FUNCTIONS = frozenset(name.lower() for section in ("operators", "functions") for name in SECTIONS[section])
TABLE_FUNCTIONS = frozenset(SECTIONS["tables"])


def reason_of(name: str) -> str | None:
    """What functions of this name would do (`read or write files`), if that is why it is denied."""
    for section, patterns in SECTIONS.items():
        if section.startswith(DENIED) and any(fnmatchcase(name, pattern) for pattern in patterns):
            return section.removeprefix(DENIED)
    return None


def refused(what: str, hint: str | None = None) -> EngineError:
    """The error for something that the guard does not let through."""
    return EngineError("not_allowed", f"{what} is not allowed here.", hint)


def refused_function(name: str, known: Iterable[str], details: dict[str, int] | None = None) -> EngineError:
    """The error for a function that is not among those of `known`: denied, or nobody has heard of it."""
    reason = reason_of(name)
    if reason:
        return refused(f"The function {name}", f"Functions that {reason} are not available.")
    close = difflib.get_close_matches(name, sorted(known), 3, 0.7)
    hint = f"Did you mean {', '.join(close)}?" if close else None
    return EngineError("query_binding", f"There is no function {name}.", hint, {**(details or {}), "candidates": close})
