"""Which bytes are meant: the newest of a name, or by hash what the name, or a table's source, once stood for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from deita_server.database import models as rows
from deita_server.database.database import Database
from deita_server.errors import DeitaError
from deita_server.services.files import names
from deita_server.services.files.manager import FilesManager
from deita_server.services.tables.versions import Versions


@dataclass(frozen=True)
class Source:
    """Stored bytes and the name that they go by."""

    file: str
    sha256: str


class Sources:
    """Raises DeitaError file_not_found."""

    def __init__(self, database: Database, files: FilesManager, versions: Versions) -> None:
        self._database, self._files, self._versions = database, files, versions

    async def find(self, file: str, sha256: str | None) -> Source:
        """Return the newest bytes of a file, or the ones with this hash.

        A hash is found among the versions of the file and among what tables were read from under this name: those
        bytes are kept even when the name is gone or stands for others.
        """
        if sha256 is None:
            newest = await self._files.get(file)
            return Source(newest.name, newest.sha256)
        source = Source(file, sha256)
        if not await self._database.read(lambda session: is_kept(session, source)):
            await self._versions.sync()  # another server of the workspace may have made the table
            if not await self._database.read(lambda session: is_kept(session, source)):
                raise missing(source)
        return source

    async def check_origin(self, source: Source, origin: dict[str, Any] | None) -> None:
        """Raise bad_recipe when a recipe says of these bytes that they come from where no import read them."""
        if not origin:
            return
        await self._versions.sync()
        if not await self._database.read(lambda session: _comes_from(session, source, origin)):
            raise other_origin()

    async def path(self, source: Source) -> Path:
        """Return where the bytes are."""
        return await self._files.path(source.file, source.sha256)


def is_kept(session: Session, source: Source) -> bool:
    """Say whether something keeps these bytes under this name."""
    version, table, key = rows.FileVersion, rows.TableVersion, names.key(source.file)
    alive = select(version.id).join(version.file).where(rows.File.deleted_at.is_(None))
    named = alive.where(version.sha256 == source.sha256, rows.File.name_key == key)
    read = select(table.id).where(table.sha256 == source.sha256, table.file == source.file)
    return any(session.scalar(query.limit(1)) is not None for query in (named, read))


def _comes_from(session: Session, source: Source, origin: dict[str, Any]) -> bool:
    versions = select(rows.TableVersion.recipe).where(rows.TableVersion.sha256 == source.sha256)
    imports = select(rows.Import.recipe).where(rows.Import.sha256 == source.sha256)
    known = [*session.scalars(versions), *session.scalars(imports)]
    return any((recipe or {}).get("source") == origin for recipe in known)


def other_origin() -> DeitaError:
    """Return the error for a recipe that says where bytes come from, of bytes that do not."""
    return DeitaError(
        "bad_recipe",
        "source: these bytes were not read from there.",
        hint="Leave `source` out, or import from the connection.",
        details={"path": "source", "field": "source"},
    )


def missing(source: Source) -> DeitaError:
    """Return the error for bytes that nothing keeps."""
    return DeitaError(
        "file_not_found",
        "There is no such file or version.",
        hint="`GET /files` lists the files; the source of a table names its file and hash.",
        details={"file": source.file[:800], "sha256": source.sha256},
    )
