"""Second names of the files that a transaction writes, until it is known whether it was committed.

A database may take a commit and be lost before it says so. DuckLake then takes the commit for failed and removes the
files, which the catalog names by now. A file in this process cannot be lost so, a PostgreSQL can.
"""

from __future__ import annotations

import contextlib
import re

from .lake_files import LakeFiles, NewFile, name_of
from .shapes import EngineError

DUCKLAKES = re.compile(r"ducklake-([0-9a-f]{8})-([0-9a-f]{4})-7")
"""DuckLake names its files with a UUID of version 7, whose first 48 bits are milliseconds since 1970 (RFC 9562)."""


class SecondNames:
    """Of the files in a table's folder that DuckLake began after `since_ms`. Raises EngineError storage_unavailable."""

    def __init__(self, lake: LakeFiles, folder: str, since_ms: int) -> None:
        self._lake = lake
        new = [location for location in lake.inside(folder) if _made_at(location) >= since_ms]
        self._twins: dict[str, NewFile] = {location: lake.twin(location, folder) for location in new}

    def put_back(self) -> None:
        """Give the files their first names again: they count."""
        for location, twin in self._twins.items():
            self._lake.rename(twin, location)

    def remove(self) -> None:
        """The first names are there, or nobody needs the files. What cannot be removed now, the upkeep finds."""
        with contextlib.suppress(EngineError, OSError):
            for twin in self._twins.values():
                self._lake.remove(twin)


def _made_at(location: str) -> int:
    found = DUCKLAKES.match(name_of(location))
    return int(found[1] + found[2], 16) if found else -1
