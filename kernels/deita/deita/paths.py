"""Where a workspace's files and notebooks lie for programs that open paths, in a kernel of the workspace."""

from __future__ import annotations

from pathlib import Path

from deita.environment import surroundings
from deita.errors import DeitaError


def path(name: str) -> Path:
    """The path of a file of this kernel's workspace, wherever the notebook lies; it leads to the newest bytes.

    >>> duckdb.read_csv(str(deita.path("sales.csv")))

    In a notebook of the top folder it is also `files/sales.csv`. The file is read-only. Raises DeitaError `no_path`
    where the workspace's files have none (see `mounts` in `ws.about()`), and file_not_found.
    """
    files = surroundings().files
    if files is None:
        hint = 'deita.open("…") opens them, ws.download("…") fetches them.'
        raise DeitaError("no_path", "The workspace's files have no paths here.", hint)
    found = files / name
    if not name or Path(name).name != name or not found.is_file():
        raise DeitaError("file_not_found", "There is no such file.", details={"file": name})
    return found


def notebooks() -> Path:
    """The folder of this kernel's notebooks and of what lies beside them, for reading and writing.

    >>> table.to_csv(deita.notebooks() / "reports" / "sales.csv")

    Where the workspace lies in a bucket, what is written is there a second after it was closed. Raises DeitaError
    `no_path` where notebooks have no paths: in a bucket that is not mounted, and behind viewers' pages.
    """
    folder = surroundings().notebooks
    if folder is None:
        raise DeitaError("no_path", "The workspace's notebooks have no paths here.", "JupyterLab opens and saves them.")
    return folder
