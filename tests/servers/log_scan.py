"""Looks through the logs of installations for what must not be there: their secrets, and what looks like a token."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

LOGS = (
    "logs/**/*.log",
    "logs/**/*.log.1",
    "storage/*/people/*/spool/engine-*.log",
    "local/*/people/*/spool/engine-*.log",
)
TOKEN = r"(?:bearer|token|authorization)[ =:'\"]{1,4}(?:token |bearer )?[0-9a-f]{32,64}\b"
IN_QUERY = r"[?&]\w*(?:token|code|state)=[\w-]{16,}"
PASSWORD = r"://[^/\s:@…]+:[^/\s@…]+@"
SECRET = re.compile(f"(?i)\\b{TOKEN}|{IN_QUERY}|{PASSWORD}")
LINE = 200


def logs(home: Path) -> Iterator[Path]:
    """Every log of the installation in this folder."""
    for pattern in LOGS:
        yield from home.glob(pattern)


def leaks(home: Path, planted: Iterable[str] = ()) -> list[str]:
    """Where one of its secrets stands in a log, or one of the planted words, or what looks like a token."""
    folder = home / "secrets"
    known = (
        {file.read_text().strip(): file.name for file in folder.iterdir() if file.is_file()} if folder.is_dir() else {}
    )
    known |= dict.fromkeys(planted, "what was planted")
    found = []
    for path in logs(home):
        text = path.read_text(errors="replace")
        where = path.relative_to(home)
        found += [f"{where}: {name}" for value, name in known.items() if value and value in text]
        found += [f"{where}: {text[match.start() : match.start() + 24]}…" for match in SECRET.finditer(text)]
    return found


def leaks_below(folder: Path) -> list[str]:
    """The same for every installation below a folder."""
    homes = {path.parent.parent for path in folder.glob("**/secrets/proxy_token")}
    return [f"{home.name}/{leak}" for home in sorted(homes) for leak in leaks(home)]
