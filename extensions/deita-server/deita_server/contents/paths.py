"""Which paths of the contents API are the workspace's files, and which are on disk.

`files` always means the workspace's files. A folder of that name among the notebooks keeps its place on disk, where
kernels find it, and is shown as `files (on disk)`. Not taken: moving it aside (notebooks name files by relative paths),
and giving the workspace's files another name where one exists (an upload would land elsewhere without a word).
"""

from __future__ import annotations

from pathlib import Path

from deita_server.settings import VIEW

FOLDER = "files"
SHOWN_AS = "files (on disk)"


def name_in_files(path: str) -> str | None:
    """Return what `path` names in the workspace's files: "" is the folder itself, None a path that is on disk."""
    first, *rest = _parts(path)
    return "/".join(rest) if first == FOLDER else None


def to_disk(path: str, root: str) -> str:
    """Return where below `root` the path is; only that of the notebooks' own folder `files` differs."""
    first, *rest = _parts(path)
    return "/".join((FOLDER, *rest)) if first == SHOWN_AS and has_namesake(root) else path


def has_namesake(root: str) -> bool:
    """Say whether there is something called `files` among the notebooks that is not the workspace's files."""
    place = Path(root, FOLDER)
    return place.exists() and not (place.is_symlink() and place.readlink() == Path(VIEW))


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part] or [""]
