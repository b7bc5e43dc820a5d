"""The formats by name, and the way from a file to a reading in one of them.

A format is a module with `load` and `preview` (see `Format`). A new one is written, put into `FORMATS`, and recognised
by `detect.py`; nothing else knows it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import duckdb

from deita_engine.progress import reckon
from deita_engine.settings import lock, open_instance
from deita_engine.shapes import EngineError

from . import arrow, csv_loading, json, parquet, sheets
from .detect import TEXT_FORMATS, detect
from .limits import Limits
from .plan import Outcome, Reading, Target
from .previews import OTHERS
from .unpack import packing_of, private_folder, unpack


class Format(Protocol):
    """What a format's module offers."""

    @property
    def load(self) -> Callable[[Reading, Target], Outcome]:
        """Read the whole file into Parquet; raises EngineError file_unreadable, bad_recipe."""

    @property
    def preview(self) -> Callable[[Reading], dict[str, Any]]:
        """The complete recipe and what it gives, see `previews.preview_of`; raises as `load` does."""


FORMATS: dict[str, Format] = {
    "csv": csv_loading,
    "json": json,
    "ndjson": json,
    "parquet": parquet,
    "arrow": arrow,
    "xlsx": sheets,
    "xls": sheets,
    "ods": sheets,
}


class Work(Protocol):
    """The operation on whose behalf a file is read."""

    @property
    def check(self) -> Callable[[], None]:
        """Raise when it was interrupted."""

    @property
    def uses(self) -> Callable[[duckdb.DuckDBPyConnection | None], None]:
        """The connection that an interrupt reaches."""


@contextmanager
def opened(
    work: Work, blob: Path, recipe: dict[str, Any], temporary: Path, limits: Limits, into: Path | None = None
) -> Iterator[Reading]:
    """A file ready to be read by its format's module: unpacked, recognised, with a DuckDB instance of its own that can
    open nothing but this file and write nowhere but into its private folder and `into`.
    """
    name = f"reading-{uuid.uuid4().hex[:12]}"
    with private_folder(temporary, name) as folder:
        packing = packing_of(blob, recipe.get("member"))
        _check_said("compression", recipe, packing.compression)
        path = unpack(blob, packing, folder, work.check)
        format = _format(path, recipe)
        connection = open_instance(temporary, limits.memory, limits.threads, private=name)
        try:
            reckon(connection)
            lock(connection, [folder, *([into] if into else [])], [path])
            work.uses(connection)
            yield Reading(path, format, packing, recipe, connection, folder, work.check)
        finally:
            work.uses(None)
            connection.close()


def module_of(reading: Reading) -> Format:
    """The module that reads this file."""
    return FORMATS[reading.format]


def preview(reading: Reading) -> dict[str, Any]:
    """What the file's module shows of it, and the other members when it came from an archive."""
    found = module_of(reading).preview(reading)
    packing = reading.packing
    members = [{"title": name, "recipe": {"member": name}} for name in packing.members if name != packing.member]
    found["preview"]["others"] = [*found["preview"]["others"], *members][:OTHERS]
    return found


def _format(path: Path, recipe: dict[str, Any]) -> str:
    found = detect(path)
    said = recipe.get("format")
    if found in TEXT_FORMATS and said in TEXT_FORMATS:
        return str(said)
    _check_said("format", recipe, found)
    return found


def _check_said(field: str, recipe: dict[str, Any], found: str) -> None:
    """A recipe may repeat what a file is by its bytes; it cannot change it."""
    said = recipe.get(field)
    if said is not None and said != found:
        message = f"The recipe's {field} is {said}, the file's is {found}."
        raise EngineError("bad_recipe", message, f"Leave {field} out.", {"field": field})
