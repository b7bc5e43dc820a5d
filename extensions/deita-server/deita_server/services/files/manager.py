"""Names and versions of uploaded bytes: what is where, and what may go."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from deita_engine.shapes import EngineError
from deita_engine.store import Store
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, joinedload

from deita_server import cursors
from deita_server.clock import now
from deita_server.database import models as rows
from deita_server.database.database import Database
from deita_server.errors import DeitaError
from deita_server.presence import Presence

from . import names
from .allowance import Allowance
from .dropping import Dropping
from .media import media_type
from .models import File, FileList
from .needed import named
from .sending import Sending
from .upload import Upload, disk_error
from .usage import Usage, arriving, usage
from .view import NamesView


def _nothing_more(session: Session, file: File) -> None:
    """Write nothing beside the name."""


class FilesManager:
    """The files of one workspace. Raises file_not_found, file_exists, bad_name, no_space, quota_exceeded."""

    def __init__(
        self,
        database: Database,
        store: Store,
        presence: Presence,
        threads: Executor,
        network: Executor,
        person: str,
        max_bytes: int,
        quota: int | None,
        view: NamesView,
        dropping: Dropping,
    ):
        self._database, self._bytes, self._presence = database, store, presence
        self._threads, self._network, self._person = threads, network, person
        self.max_bytes, self.quota = max_bytes, quota
        self._view, self._dropping = view, dropping

    async def upload(self, size: int | None) -> Upload:
        """Begin to receive bytes, of which there will be `size` if that is known; raises what `Allowance` does."""
        allowance = await self.allowance()
        allowance.check(size or 0)
        name = uuid.uuid4().hex
        parts = self._bytes.multipart(name)
        sending = Sending(parts, self._network) if parts else None
        return Upload(self._presence.folder / name, allowance, self._threads, sending)

    async def allowance(self) -> Allowance:
        """Return how much may come in now. What is under way counts as far as it has arrived."""
        if self.quota is None:
            return Allowance(self.max_bytes)
        used = await self._database.read(lambda session: usage(session).bytes + arriving(session))
        return Allowance(self.max_bytes, self.quota, used)

    async def store(
        self, name: str, upload: Upload, *, replace: bool, then: Callable[[Session, File], None] = _nothing_more
    ) -> tuple[File, bool]:
        """Give completed bytes their name; returns the file and whether it is new.

        The same bytes under the same name are no change; other bytes are file_exists unless `replace`. What `then`
        writes is written together with the name.
        """
        name = names.checked(name)

        def work(session: Session) -> tuple[File, bool]:
            file, created = self._store(session, name, upload, replace)
            then(session, file)
            return file, created

        await self._prepare(upload)
        try:
            file, created = await self._database.write(work)
        except DeitaError as error:
            if error.code == "no_space":  # the bytes may have found room and their row none
                await self._database.write(lambda session: self._dropping.drop(session, {upload.sha256}))
            raise
        if created:
            await self._show(file.name)
        return file, created

    async def _show(self, *changed: str) -> None:
        if self._view.is_shown:
            await self._database.write(lambda session: self._view.show(session, set(changed)))

    async def _prepare(self, upload: Upload) -> None:
        """Do what takes long before the database's write lock is taken."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._network, upload.prepare, self._bytes)
        except OSError as error:
            raise disk_error(error) from error

    def _store(self, session: Session, name: str, upload: Upload, replace: bool) -> tuple[File, bool]:
        file = _alive(session, name)
        newest = _newest(session, file) if file else None
        if file and newest:
            same = file.name == name and newest.sha256 == upload.sha256
            if same:
                return _shape(file, newest), False
            if file.name != name or not replace:
                raise _exists(file, newest)
        self._fits(session, upload)
        if file is None:
            file = rows.File(name=name, name_key=names.key(name), created_at=now(), created_by=self._person)
            session.add(file)
            session.flush()
        version = rows.FileVersion(
            file_id=file.id,
            version=newest.version + 1 if newest else 1,
            sha256=upload.sha256,
            size=upload.size,
            media_type=media_type(name, upload.head),
            created_at=now(),
            created_by=self._person,
        )
        session.add(version)
        session.flush()
        # While the database's write lock is held, so that nobody who deletes the last name of these bytes comes
        # between.
        try:
            upload.put(self._bytes)
        except OSError as error:
            raise disk_error(error) from error
        return _shape(file, version), True

    def _fits(self, session: Session, upload: Upload) -> None:
        if self.quota is not None and not named(session, {upload.sha256}):
            Allowance(self.max_bytes, self.quota, usage(session).bytes).check(upload.size)

    async def refuse_other_bytes(self, name: str, size: int, sha256: str | None) -> None:
        """Raise file_exists when the name stands for bytes that these cannot be, as far as one can tell by now."""
        name = names.checked(name)
        await self._database.read(lambda session: _refuse_other_bytes(session, name, size, sha256))

    async def get(self, name: str, version: int | None = None) -> File:
        """Return the file as it is, or one of its earlier versions."""
        return await self._database.read(lambda session: self._get(session, name, version))

    def _get(self, session: Session, name: str, version: int | None) -> File:
        file = _alive(session, names.checked(name))
        found = file and (_newest(session, file) if version is None else _version(session, file, version))
        if not file or not found:
            raise _missing(name)
        return _shape(file, found)

    async def list(self, cursor: str | None, limit: int) -> FileList:
        """Return a page of files, by name."""
        after = cursors.decode("files", cursor) if cursor else ""
        if not isinstance(after, str):
            raise DeitaError("bad_cursor", "This cursor cannot be read.")
        return await self._database.read(lambda session: self._list(session, after, limit))

    def _list(self, session: Session, after: str, limit: int) -> FileList:
        newest = select(rows.FileVersion.file_id, func.max(rows.FileVersion.version).label("version")).group_by(
            rows.FileVersion.file_id
        )
        last = newest.subquery()
        query = (
            select(rows.FileVersion)
            .join(last, and_(rows.FileVersion.file_id == last.c.file_id, rows.FileVersion.version == last.c.version))
            .join(rows.FileVersion.file)
            .options(joinedload(rows.FileVersion.file))
            .where(rows.File.deleted_at.is_(None), rows.File.name_key > after)
            .order_by(rows.File.name_key)
            .limit(limit + 1)
        )
        found = list(session.scalars(query))
        more = len(found) > limit
        page = found[:limit]
        next_page = cursors.encode("files", page[-1].file.name_key) if more else None
        return FileList(items=[_shape(version.file, version) for version in page], next=next_page)

    async def rename(self, name: str, new_name: str) -> File:
        """Give a file another name; its versions come along."""
        old, file = await self._database.write(lambda session: self._rename(session, name, names.checked(new_name)))
        await self._show(old, file.name)
        return file

    def _rename(self, session: Session, name: str, new_name: str) -> tuple[str, File]:
        file = _alive(session, names.checked(name))
        newest = _newest(session, file) if file else None
        if not file or not newest:
            raise _missing(name)
        other = _alive(session, new_name)
        if other and other.id != file.id:
            raise DeitaError("file_exists", f"There is already a file {other.name}.", details={"file": other.name})
        old, file.name, file.name_key = file.name, new_name, names.key(new_name)
        return old, _shape(file, newest)

    async def delete(self, name: str) -> None:
        """Forget a name. Its bytes go too, unless another name, a table version or an unfinished import needs them."""
        deleted, unused = await self._database.write(lambda session: self._delete(session, name))
        await self._show(deleted)
        if unused:
            try:
                # the row's end is committed first; the write lock keeps a new name from taking the bytes meanwhile
                await self._database.write(lambda session: self._dropping.drop(session, unused))
            except EngineError as error:
                if error.code != "storage_unavailable":
                    raise  # the name is gone, which is what was asked for: bytes without one harm nobody

    def _delete(self, session: Session, name: str) -> tuple[str, set[str]]:
        file = _alive(session, names.checked(name))
        if not file:
            raise _missing(name)
        file.deleted_at = now()
        query = select(rows.FileVersion.sha256).where(rows.FileVersion.file_id == file.id)
        return file.name, set(session.scalars(query))

    async def usage(self) -> Usage:
        """Count what the workspace's files take."""
        return await self._database.read(usage)

    async def check(self, file: File) -> None:
        """Raise file_not_found when the bytes of a file are gone, as long as that can still be said."""
        if not await asyncio.get_running_loop().run_in_executor(self._threads, self._bytes.has, file.sha256):
            raise _missing(file.name)

    async def read(self, sha256: str, begin: int, end: int) -> bytes:
        """Return these bytes of what a file stands for; raises OSError when they are gone."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._bytes.read, sha256, begin, end)

    async def path(self, name: str, sha256: str) -> Path:
        """Return where a file's bytes are."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._bytes.path, sha256)
        except FileNotFoundError as error:
            raise _missing(name) from error


def _alive(session: Session, name: str) -> rows.File | None:
    query = select(rows.File).where(rows.File.name_key == names.key(name), rows.File.deleted_at.is_(None))
    return session.scalars(query).one_or_none()


def _newest(session: Session, file: rows.File) -> rows.FileVersion | None:
    query = (
        select(rows.FileVersion).where(rows.FileVersion.file_id == file.id).order_by(rows.FileVersion.version.desc())
    )
    return session.scalars(query.limit(1)).one_or_none()


def _version(session: Session, file: rows.File, version: int) -> rows.FileVersion | None:
    query = select(rows.FileVersion).where(rows.FileVersion.file_id == file.id, rows.FileVersion.version == version)
    return session.scalars(query).one_or_none()


def _refuse_other_bytes(session: Session, name: str, size: int, sha256: str | None) -> None:
    file = _alive(session, name)
    newest = _newest(session, file) if file else None
    if file and newest and (file.name != name or newest.size != size or newest.sha256 != (sha256 or newest.sha256)):
        raise _exists(file, newest)


def _shape(file: rows.File, version: rows.FileVersion) -> File:
    return File(
        name=file.name,
        size=version.size,
        sha256=version.sha256,
        media_type=version.media_type,
        version=version.version,
        created_at=version.created_at,
        created_by=version.created_by,
    )


def _missing(name: str) -> DeitaError:
    return DeitaError("file_not_found", "There is no such file or version.", details={"file": name})


def _exists(file: rows.File, newest: rows.FileVersion) -> DeitaError:
    return DeitaError(
        "file_exists",
        f"There is already a file {file.name} with other bytes.",
        hint="Add ?replace=1 to make this its next version, or choose another name.",
        details={"file": file.name, "version": newest.version, "sha256": newest.sha256},
    )
