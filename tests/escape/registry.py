"""What attempts have in common. All modules of this folder but `kernel` run inside a notebook's kernel, as one text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

World = dict[str, Any]
"""What a prisoner who knows Deita well would know: paths, process ids, ports, names; no secret."""
Attempt = Callable[[World], object]
ATTEMPTS: dict[str, Attempt] = {}


def attempt(work: Attempt) -> Attempt:
    """Register a way out. It returns what it got hold of, or nothing; OSError and the like mean that it was stopped."""
    ATTEMPTS[work.__name__] = work
    return work


def canaries(world: World, data: bytes) -> str:
    """The first planted secret in the data; the mark alone, which the prisoner was told, is none."""
    found = re.search(world["mark"].encode() + rb"[0-9a-f]{8,}", data)
    return found[0].decode() if found else ""


def read(path: str | Path, most: int = 2_000_000) -> bytes:
    """The beginning of a file."""
    with open(path, "rb") as file:
        return file.read(most)


def first(found: Iterator[object]) -> object:
    """The first thing that is something."""
    return next(filter(None, found), None)


def tried(path: str | Path) -> bytes:
    """The beginning of a file, nothing where it cannot be read."""
    try:
        return read(path)
    except (OSError, ValueError):
        return b""


def run(world: World, answer: str) -> None:
    """Try everything and write down what came of it: `{name: [what was got hold of, what stopped it]}`."""
    outcomes = {}
    for name, work in ATTEMPTS.items():
        try:
            got, stopped = work(world), ""
        except Exception as error:  # whatever stopped an attempt is its outcome
            got, stopped = None, f"{type(error).__name__}: {error}"
        outcomes[name] = [str(got)[:300] if got else "", stopped[:300]]
    Path(answer).write_text(json.dumps(outcomes))
