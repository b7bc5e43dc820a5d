"""Where the Parquet files of a lake go that moves from a folder into a bucket, and DuckLake's tables after it.

Most paths in DuckLake's tables are relative to the table's folder and stay as they are. Files that were written before
their table was there are named in full. In the bucket all lie in folders whose names no URL could mistake for more than
a name.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .bucket_files import UNSAFE
from .catalog import FOLDERS
from .lake_files import joined
from .shapes import EngineError

KINDS = (("ducklake_data_file", "data_file_id"), ("ducklake_delete_file", "delete_file_id"))
Execute = Callable[[str, Sequence[Any]], object]


@dataclass(frozen=True)
class LakeFile:
    """A file that DuckLake's table `kind` names in the row `id`; `place` is where it goes below the lake's root.

    `named_in_full` says that the row has its whole location, which changes with the root.
    """

    kind: str
    id: int
    path: Path
    size: int
    place: str
    named_in_full: bool


def lake_files_of(database: Path, root: Path) -> list[LakeFile]:
    """The files that the lake in the SQLite file `database` consists of, with all of its past; `root` is its folder.

    Raises EngineError lake_damaged for one that is not there, is of another size or lies elsewhere.
    """
    with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        folders = {row[0]: _folder(root, *row[1:]) for row in connection.execute(FOLDERS)}
        return [file for kind, key in KINDS for file in _files(connection, kind, key, root, folders)]


def _folder(root: Path, schema: str, schema_relative: int, table: str, table_relative: int) -> Path:
    if not table_relative:
        return Path(table)
    return Path(joined(joined(str(root), schema) if schema_relative else schema, table))


def _files(
    connection: sqlite3.Connection, kind: str, key: str, root: Path, folders: dict[int, Path]
) -> Iterator[LakeFile]:
    columns = f"SELECT {key}, table_id, path, path_is_relative, file_size_bytes FROM {kind}"  # noqa: S608 - ours
    for id, table, path, relative, size in connection.execute(columns):
        file = folders[table] / path if relative else Path(path)
        if not file.is_relative_to(root) or ".." in file.parts:
            raise _damaged(f"The lake names a file outside of its folder: {file.name}.")
        folder = file.parent.relative_to(root)
        if not file.is_file() or file.stat().st_size != size:
            raise _damaged(f"A file of the lake is missing or has another size: lake/{folder}/{file.name}.")
        safe = [UNSAFE.sub("_", part) for part in folder.parts]
        if relative and safe != list(folder.parts):
            raise _damaged(f"The lake has a folder that no bucket should have: lake/{folder}.")
        yield LakeFile(kind, id, file, size, "/".join((*safe, file.name)), not relative)


def relocate(execute: Execute, files: Iterable[LakeFile], root: str, mark: str) -> None:
    """Have DuckLake's tables say that the files lie below `root` now. `mark` is what stands for a value in a statement.

    What waits to be deleted stays behind, so that nothing waits here.
    """
    keys = dict(KINDS)
    for file in files:
        if file.named_in_full:
            statement = f"UPDATE {file.kind} SET path = {mark} WHERE {keys[file.kind]} = {mark}"  # noqa: S608 - ours
            execute(statement, (joined(root, file.place), file.id))
    execute(f"UPDATE ducklake_metadata SET value = {mark} WHERE key = 'data_path'", (f"{root.rstrip('/')}/",))  # noqa: S608
    execute("DELETE FROM ducklake_files_scheduled_for_deletion", ())


def _damaged(message: str) -> EngineError:
    return EngineError("lake_damaged", message, "Bring it back from a backup, or drop the table that needs it.")
