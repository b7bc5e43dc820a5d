"""What a workspace server tells its kernels, read here and nowhere else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from deita.errors import DeitaError
from deita.workspace import Workspace


@dataclass(frozen=True)
class Surroundings:
    """A kernel's environment: where the data plane is, what opens it, the folders where things lie."""

    api: str
    token: str
    workspace: str
    spool: Path | None
    files: Path | None
    notebooks: Path | None


def surroundings() -> Surroundings:
    """Read `DEITA_API`, `DEITA_TOKEN` (without them DeitaError `no_workspace`), `DEITA_WORKSPACE`, and the folders."""
    api, token = os.environ.get("DEITA_API"), os.environ.get("DEITA_TOKEN")
    if not api or not token:
        raise DeitaError(
            "no_workspace",
            "This process does not run inside a Deita workspace.",
            'Connect from outside with deita.connect("http://…", token="…", workspace="…").',
        )
    folders = (os.environ.get(name) for name in ("DEITA_SPOOL", "DEITA_FILES", "DEITA_NOTEBOOKS"))
    spool, files, notebooks = (Path(found) if found else None for found in folders)
    return Surroundings(api, token, os.environ.get("DEITA_WORKSPACE", ""), spool, files, notebooks)


def workspace() -> Workspace:
    """The workspace that this kernel belongs to.

    >>> ws = deita.workspace()
    >>> ws.sql("SELECT count(*) FROM flights").fetchall()
    [(336776,)]
    """
    found = surroundings()
    return Workspace(found.api, found.token, slug=found.workspace, spool=found.spool)
