"""What a workspace's folder consists of, and where each part goes when its storage becomes a bucket."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deita_engine.relocation import LakeFile, lake_files_of
from deita_engine.store import SHA256, key_of
from tornado import web

from deita_server.contents import bucket_models
from deita_server.errors import DeitaError
from deita_server.settings import VIEW

CHECKPOINT_FOLDER, CHECKPOINT = ".ipynb_checkpoints", "-checkpoint"
SHARED_MEMORY = "-shm"
"""The end of a SQLite file's index of its log: SQLite makes it anew."""
NEEDED = "SELECT DISTINCT v.sha256 FROM file_versions v JOIN files f ON f.id = v.file_id WHERE f.deleted_at IS NULL"


@dataclass(frozen=True)
class Item:
    """A file and the key it gets; `path` is None for the mark of an empty folder.

    `sha256` is known of a file that is named by it; `fixed` says that what lies under the name never changes.
    """

    key: str
    path: Path | None
    sha256: str | None = None
    fixed: bool = False


@dataclass
class Contents:
    """Everything that moves: keys of the bucket, local files by their path in the workspace's folder, the lake.

    `left` names what cannot be taken along: links, sockets and the like.
    """

    items: list[Item] = field(default_factory=list)
    local: list[str] = field(default_factory=list)
    lake: list[LakeFile] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def contents_of(folder: Path) -> Contents:
    """Look through a workspace's folder. Raises DeitaError bad_name for what no key can be called, EngineError
    lake_damaged.
    """
    found = Contents()
    for path in sorted((folder / "files").glob("??/*")):
        if SHA256.fullmatch(path.name):
            found.items.append(Item(key_of(path.name), path, path.name, fixed=True))
    found.items += [Item(f"rejects/{path.name}", path) for path in sorted((folder / "rejects").glob("*.ndjson"))]
    found.items += _notebooks(folder / "notebooks", found.left)
    if (folder / "lake.sqlite").exists():
        found.lake = lake_files_of(folder / "lake.sqlite", folder / "lake")
        found.items += [Item(f"lake/{file.place}", file.path, fixed=True) for file in found.lake]
    found.local += [f"incoming/{path.name}" for path in sorted((folder / "incoming").glob("*.upload"))]
    for path in _walked(folder / "people", found.left):
        if path.is_file() and not path.name.endswith(SHARED_MEMORY):
            found.local.append(str(path.relative_to(folder)))
    return found


def missing(folder: Path) -> set[str]:
    """The hashes of bytes that files of the workspace stand for and that are not there."""
    if not (folder / "workspace.sqlite").exists():
        return set()
    database = f"{(folder / 'workspace.sqlite').as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(database, uri=True)) as connection:
        needed = [row[0] for row in connection.execute(NEEDED)]
    return {sha256 for sha256 in needed if not (folder / key_of(sha256)).exists()}


def _notebooks(root: Path, left: list[str]) -> Iterator[Item]:
    for path in _walked(root, left):
        name = path.relative_to(root)
        if path.is_dir():
            if not any(path.iterdir()):
                yield Item(_key(f"{name}/{bucket_models.FOLDER_MARK}"), None)
        elif name.parent.name == CHECKPOINT_FOLDER:
            original = name.parent.parent / f"{name.stem.removesuffix(CHECKPOINT)}{name.suffix}"
            yield Item(_key(str(original), bucket_models.CHECKPOINTS), path)
        else:
            yield Item(_key(str(name)), path)


def _walked(root: Path, left: list[str]) -> Iterator[Path]:
    """Folders and files below a folder; no link is followed."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in [*folders, *sorted(names)]:
            path = Path(folder) / name
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
                yield path
            elif not (stat.S_ISLNK(mode) and path.readlink() == Path(VIEW)):  # which a server makes anew
                left.append(str(path.relative_to(root.parent)))


def _key(path: str, below: str = bucket_models.NOTEBOOKS) -> str:
    try:
        return bucket_models.key_of(path, below)
    except web.HTTPError as error:
        message = f"A bucket cannot have a file of this name: notebooks/{path!r}."
        raise DeitaError("bad_name", message, "Rename it first.") from error
