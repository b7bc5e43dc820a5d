"""The book in which clients write down what they ask for and what they are told, outside the system that is tested."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Outcome = Literal["acknowledged", "refused", "unknown"]
TIMES: dict[Outcome, tuple[int, ...]] = {"acknowledged": (1,), "refused": (0,), "unknown": (0, 1)}
"""How often an operation may be visible afterwards."""


@dataclass(frozen=True)
class Told:
    """What a client knows of its operation, and in which words."""

    outcome: Outcome
    why: str = ""


@dataclass(frozen=True)
class Entry:
    """One operation: its number is unique, its kind says what was asked for."""

    number: int
    kind: str
    told: Told


class Book:
    """A file with a line before each operation and one after; an operation without the second is unknown."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self._asked: dict[int, str] = {}
        self._entries: dict[int, Entry] = {}
        self.counts: Counter[Outcome] = Counter()

    def ask(self, kind: str) -> int:
        """Note that an operation begins; returns its number."""
        with self._lock:
            number = len(self._asked) + 1
            self._asked[number] = kind
            self._write({"number": number, "kind": kind})
            return number

    def note(self, number: int, told: Told) -> None:
        """Note what the client was told."""
        with self._lock:
            self._entries[number] = Entry(number, self._asked[number], told)
            self.counts[told.outcome] += 1
            self._write({"number": number, "outcome": told.outcome, "why": told.why})

    def remark(self, text: str) -> None:
        """Note what else happened: a fault."""
        with self._lock:
            self._write({"fault": text})

    def entries(self) -> list[Entry]:
        """Return all operations, by number."""
        with self._lock:
            nothing = Told("unknown", "no word of it")
            return [self._entries.get(number, Entry(number, kind, nothing)) for number, kind in self._asked.items()]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, line: dict[str, object]) -> None:
        self._file.write(json.dumps({"at": round(time.time(), 3), **line}) + "\n")
        self._file.flush()
