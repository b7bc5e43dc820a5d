"""Where the lake's Parquet files are: a folder or a bucket behind one interface.

Rows are always written into a local file first. In a folder that is the file's own place; for a bucket it is uploaded
when it is `published`. Locations are texts as DuckDB and DuckLake's catalog write them, `/…` or `s3://…`.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import duckdb

OURS = "deita-"
T = TypeVar("T")
ROW_GROUP_ROWS, MOST_GROUPS, FAR_CELLS = 122_880, 4, 4_000_000


@dataclass(frozen=True)
class NewFile:
    """A data file in the making: where its rows are written, where the lake will find them, whether that is far, and
    whether its rows are so wide that they are best written in small groups.
    """

    path: Path
    location: str
    far: bool = False
    wide: bool = False

    def options(self, columns: int) -> str:
        """How COPY writes so many columns. What is far is fetched in fewer and smaller pieces: four of 10 M rows are
        read from SeaweedFS in less than half the time. Groups of rows get larger only where there are few columns: one
        is in memory while it is written.
        """
        if not self.far:
            return "(FORMAT parquet)"
        groups = 1 if self.wide else FAR_CELLS // (ROW_GROUP_ROWS * max(columns, 1))
        rows = ROW_GROUP_ROWS * max(1, min(groups, MOST_GROUPS))
        return f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {rows})"

    @property
    def of_wide_rows(self) -> NewFile:
        """The same file, in small groups."""
        return replace(self, wide=True) if self.far else self

    def written(self, write: Callable[[NewFile], T]) -> T:
        """What `write` returns, which is called once more, for wide rows, where memory ran out."""
        try:
            return write(self)
        except duckdb.OutOfMemoryException:
            if self.of_wide_rows == self:
                raise
            return write(self.of_wide_rows)


class LakeFiles(Protocol):
    """The files of one workspace's lake."""

    root: str
    """The location below which all of them are."""

    @property
    def openable(self) -> list[str]:
        """What an instance that reads and writes them may open."""

    def make(self) -> None:
        """Get ready to be written to."""

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> Any:
        """Get an instance that is not locked yet ready to open them; returns what `renewed` takes."""

    def renewed(self, connection: duckdb.DuckDBPyConnection, held: Any) -> Any:
        """Keep an instance able to open them, although what it `held` may have expired."""

    def folder(self, table: str) -> str:
        """Where the files of a table go that the lake has no folder for yet."""

    def new(self, folder: str) -> NewFile:
        """A file that nobody has yet."""

    def publish(self, file: NewFile) -> None:
        """Bring the rows to their location, durable; comes before anything refers to them."""

    def near(self, location: str, size: int) -> str:
        """Where a file of so many bytes is best read; what is not at its location may be gone an hour later."""

    def open_ahead(self, connection: duckdb.DuckDBPyConnection, locations: Iterable[str]) -> None:
        """Have an instance know these files before statements name them one after the other; raises duckdb.Error."""

    def twin(self, location: str, folder: str) -> NewFile:
        """A second file with the same bytes, which lives on when the first one is removed."""

    def rename(self, twin: NewFile, location: str) -> None:
        """Have a twin take the name of the file that it is the twin of, whether that is there or not."""

    def inside(self, folder: str) -> Iterable[str]:
        """The locations of the files right in a table's folder."""

    def remove(self, file: NewFile | str) -> None:
        """Remove a file, wherever it got to; one that is not there is no error."""

    def older_than(self, seconds: float) -> Iterable[str]:
        """The locations of files that have been there for so long."""

    def forget_others(self, known: Set[str]) -> None:
        """Of what is kept near no longer keep what has none of these names."""

    def keep(self, file: Path, name: str) -> None:
        """Make another local file durable under a name beside the lake's folder: `rejects/….ndjson`."""


class FolderFiles:
    """Files in a folder; a twin is a hard link."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self._root = root

    @property
    def openable(self) -> list[str]:
        """The folder."""
        return [self.root]

    def make(self) -> None:
        """Make the folder."""
        self._root.mkdir(parents=True, exist_ok=True)

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> Any:
        """There is nothing to do."""

    def renewed(self, connection: duckdb.DuckDBPyConnection, held: Any) -> Any:
        """Nothing expires."""

    def folder(self, table: str) -> str:
        """A folder of the table's name."""
        return joined(self.root, "main", table)

    def new(self, folder: str) -> NewFile:
        """A path in the folder, which is made."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        path = Path(folder) / new_name()
        return NewFile(path, str(path))

    def publish(self, file: NewFile) -> None:
        """It is there."""

    def near(self, location: str, size: int) -> str:
        """There."""
        return location

    def open_ahead(self, connection: duckdb.DuckDBPyConnection, locations: Iterable[str]) -> None:
        """They are opened at once."""

    def twin(self, location: str, folder: str) -> NewFile:
        """A hard link, or a copy where the file system has none."""
        file = self.new(folder)
        try:
            os.link(location, file.path)
        except OSError:
            shutil.copyfile(location, file.path)
        return file

    def rename(self, twin: NewFile, location: str) -> None:
        """In one step."""
        twin.path.replace(location)

    def inside(self, folder: str) -> Iterable[str]:
        """Of a folder that may not be there yet."""
        return [str(path) for path in Path(folder).glob("*.parquet")]

    def remove(self, file: NewFile | str) -> None:
        """Unlink it."""
        Path(file if isinstance(file, str) else file.location).unlink(missing_ok=True)

    def older_than(self, seconds: float) -> Iterable[str]:
        """By the time of their last link: a restore links old files."""
        limit = time.time() - seconds
        return [str(path) for path in self._root.rglob("*.parquet") if _linked_at(path) < limit]

    def forget_others(self, known: Set[str]) -> None:
        """Nothing is kept elsewhere."""

    def keep(self, file: Path, name: str) -> None:
        """It lies in the workspace's folder already: make it durable."""
        with file.open("rb") as opened:
            os.fsync(opened.fileno())


def joined(folder: str, *parts: str) -> str:
    """A location below a folder."""
    return "/".join((folder.rstrip("/"), *(part.strip("/") for part in parts)))


def name_of(location: str) -> str:
    """The last part of a location."""
    return location.rsplit("/", 1)[-1]


def new_name() -> str:
    """A name that no file has."""
    return f"{OURS}{uuid.uuid4()}.parquet"


def _linked_at(path: Path) -> float:
    try:
        return path.stat().st_ctime
    except FileNotFoundError:
        return time.time()
