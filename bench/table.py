"""The one table that `make bench` writes: docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

TARGET = Path(__file__).parents[1] / "docs" / "benchmarks.md"
SECTION = """## {title}

{note}

| what | Deita | peer | peer's figure | ratio or difference | aim | reached |
|---|---|---|---|---|---|---|
{rows}
"""


@dataclass(frozen=True)
class Row:
    """One figure: what Deita measured, what its peer measured in the same run, and what was aimed at.

    Figures are strings with their unit (`"12.3 ms"`); `relation` is the ratio or difference that `aim` speaks of.
    """

    what: str
    deita: str
    peer: str
    peers: str
    relation: str
    aim: str
    reached: bool | None
    """None where nothing was aimed at."""

    def markdown(self) -> str:
        """The row as a line of the table."""
        cells = (
            self.what,
            self.deita,
            self.peer,
            self.peers,
            self.relation,
            self.aim,
            "" if self.reached is None else "yes" if self.reached else "**no**",
        )
        return "| " + " | ".join(cells) + " |"


def section(name: str, title: str, note: str, rows: Iterable[Row]) -> str:
    """A section of the document, between markers by which a later run replaces it."""
    date = (
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `make bench ARGS={name}` on {os.cpu_count()} cores "
        f"(Python {platform.python_version()}, DuckDB {version('duckdb')})."
    )
    body = SECTION.format(title=title, note=f"{note} {date}".strip(), rows="\n".join(row.markdown() for row in rows))
    return f"<!-- {name} -->\n{body}<!-- /{name} -->\n"


def write(name: str, text: str, target: Path = TARGET) -> None:
    """Puts a section into the document, replacing the one of the same name."""
    document = target.read_text() if target.exists() else "# Benchmarks\n\n"
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    if start in document:
        before, rest = document.split(start, 1)
        document = before + text + rest.split(end, 1)[1]
    else:
        document = document.rstrip("\n") + "\n\n" + text
    target.write_text(document)
