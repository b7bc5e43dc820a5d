"""Files with a table's rows that no other version has: what a restored or tidied table is made of.

No rows are copied where that can be helped: a file gets a twin (in a folder, a hard link). Registering the old name
once more would be shorter, but then cleaning up the old version one day would delete the files of the new one. Files
that DuckLake wrote by itself (INSERT and UPDATE leave columns of its own in them) and files with deleted rows are
written anew.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from .catalog import DataFile, LakeTable
from .lake_files import OURS, NewFile, name_of
from .reader import Reader, literal, source

if TYPE_CHECKING:
    from .operations import Operation


def is_linkable(file: DataFile) -> bool:
    """Whether a second name for the file is as good as a copy of its rows."""
    return file.deletes is None and name_of(file.path).startswith(OURS)


class Copies:
    """Makes files for tables, in the folders that the lake keeps for them."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def made(
        self,
        operation: Operation,
        folder: str,
        held: LakeTable,
        snapshot: int,
        linkable: Callable[[DataFile], bool] = is_linkable,
    ) -> list[NewFile]:
        """Files with the rows of a table as a snapshot has it, in its order; neighbours that are not `linkable` become
        one file.
        """
        lake = self.reader.catalog.lake
        files: list[NewFile] = []
        try:
            for links, group in itertools.groupby(held.files, linkable):
                for part in [[file] for file in group] if links else [list(group)]:
                    operation.check()
                    if links:
                        files.append(lake.twin(part[0].path, folder))
                    else:
                        files.append(lake.new(folder))
                        files[-1].written(partial(self._rewrite, operation, replace(held, files=tuple(part)), snapshot))
                        lake.publish(files[-1])
        except BaseException:  # whatever ended it, what it left goes first
            for file in files:
                lake.remove(file)
            raise
        return files

    def _rewrite(self, operation: Operation, held: LakeTable, snapshot: int, target: NewFile) -> None:
        with self.reader.cursor(snapshot) as (cursor, _):
            operation.uses(cursor)
            cursor.execute(f"COPY ({source(held)}) TO {literal(target.path)} {target.options(len(held.columns))}")
            operation.uses(None)
