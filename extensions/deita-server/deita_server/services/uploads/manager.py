"""Resumable uploads: rows that say how much is safe, and files in `incoming/` that grow.

An upload belongs to the person who began it. One request at a time may add to it: within this server by a slot, among
servers by a lock on its file, which dies with its process.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from deita_server.clock import later, now
from deita_server.database import models as rows
from deita_server.database.database import Database
from deita_server.errors import DeitaError
from deita_server.services.files.digest import Digest
from deita_server.services.files.manager import FilesManager
from deita_server.services.files.models import File
from deita_server.services.files.upload import Upload, disk_error

from .models import ResumableUpload
from .reception import Reception, Slot
from .sweeping import SUFFIX, sweep
from .tus import Checksum, Wish

MOST_UPLOADS = 1000
MOST_DIGESTS = 256
INTERRUPTED_S = 10.0
SWEEP_S = 3600.0
# Nothing that a client could do would make the bytes a file after all.
HOPELESS = ("file_exists", "sha256_mismatch", "bad_name")

Result = TypeVar("Result")


class UploadsManager:
    """The uploads of one person. Raises upload_not_found, upload_expired, upload_locked, offset_mismatch and more."""

    def __init__(
        self, database: Database, files: FilesManager, incoming: Path, threads: Executor, person: str, lifetime: float
    ) -> None:
        self._database, self._files, self._incoming = database, files, incoming
        self._threads, self._person, self._lifetime = threads, person, lifetime
        self._swept = -SWEEP_S
        self._slots: dict[str, Slot] = {}
        self._digests: OrderedDict[str, Digest] = OrderedDict()

    async def create(self, wish: Wish) -> ResumableUpload:
        """Begin an upload; raises what already says that it could not become a file."""
        await self._sweep()
        (await self._files.allowance()).check(wish.length)
        if not wish.replace:
            await self._files.refuse_other_bytes(wish.name, wish.length, wish.sha256)
        upload_id = uuid.uuid4().hex
        await self._run(partial(_touch, self._path(upload_id)))
        return await self._database.write(lambda session: self._create(session, upload_id, wish))

    def _create(self, session: Session, upload_id: str, wish: Wish) -> ResumableUpload:
        open_ones = select(func.count()).select_from(rows.Upload).where(rows.Upload.file.is_(None))
        if (session.scalar(open_ones) or 0) >= MOST_UPLOADS:
            raise DeitaError(
                "too_many_uploads", "Too many uploads are unfinished.", hint="Finish or cancel some of them."
            )
        row = rows.Upload(
            id=upload_id,
            name=wish.name,
            length=wish.length,
            offset=0,
            sha256=wish.sha256,
            replace=wish.replace,
            described=wish.described,
            created_at=now(),
            created_by=self._person,
            expires_at=later(self._lifetime),
        )
        session.add(row)
        return _shape(row)

    async def get(self, upload_id: str) -> tuple[ResumableUpload, str]:
        """Return an upload, and its `Upload-Metadata` as it was sent."""

        def work(session: Session) -> tuple[ResumableUpload, str]:
            row = self._row(session, upload_id)
            return _shape(row), row.described

        return await self._database.read(work)

    async def receive(
        self, upload_id: str, offset: int, size: int | None, checksum: Checksum | None, interrupt: Callable[[], None]
    ) -> Reception:
        """Begin to add bytes at `offset`, `size` of them if that is known; `interrupt` must end in `leave`."""
        if upload_id in self._slots:
            raise _locked()
        slot = self._slots[upload_id] = Slot(interrupt)
        try:
            descriptor = await self._run(partial(_opened, self._path(upload_id)))
            try:
                return await self._received(slot, upload_id, offset, size, checksum, descriptor)
            except BaseException:  # whatever ended it, what it left goes first
                if descriptor is not None:
                    os.close(descriptor)
                raise
        except BaseException:  # also when the request is cancelled: a slot that nobody frees would lock the upload
            self._free(upload_id, slot)
            raise

    async def _received(
        self,
        slot: Slot,
        upload_id: str,
        offset: int,
        size: int | None,
        checksum: Checksum | None,
        descriptor: int | None,
    ) -> Reception:
        progress, _ = await self.get(upload_id)
        if offset != progress.offset:
            raise DeitaError(
                "offset_mismatch",
                "The upload goes on from another byte.",
                hint="Ask with HEAD where it goes on.",
                details={"offset": progress.offset},
            )
        rest = progress.length - offset
        if (size or 0) > rest:
            raise DeitaError("too_large", "There are more bytes than the upload was to have.", details={"limit": rest})
        if descriptor is None:
            raise _locked() if progress.file else _missing()
        allowance = (await self._files.allowance()).without(offset)
        allowance.check(progress.length)
        await self._run(partial(os.ftruncate, descriptor, offset))
        digest = self._digests.pop(upload_id, None)
        if digest is None or digest.position > offset:
            digest = Digest()
        tap = checksum.actual.update if checksum else None
        upload = Upload(self._path(upload_id), allowance, self._threads, descriptor, offset, digest, tap)
        return Reception(
            progress,
            upload,
            checksum,
            commit=partial(self._commit, upload_id),
            finish=partial(self._finish, progress),
            release=partial(self._release, upload_id, slot),
        )

    async def _commit(self, upload_id: str, offset: int) -> ResumableUpload:
        def work(session: Session) -> ResumableUpload:
            row = self._row(session, upload_id)
            row.offset, row.expires_at = offset, later(self._lifetime)
            return _shape(row)

        return await self._database.write(work)

    async def _finish(self, progress: ResumableUpload, upload: Upload) -> ResumableUpload:
        await upload.complete()
        try:
            if progress.sha256 not in (None, upload.sha256):
                raise DeitaError(
                    "sha256_mismatch",
                    "The bytes are not those whose sha-256 was announced; the upload is gone.",
                    details={"expected": progress.sha256, "actual": upload.sha256},
                )
            await self._files.store(
                progress.name,
                upload,
                replace=progress.replace,
                then=lambda session, file: self._done(session, progress.id, file),
            )
        except DeitaError as error:
            if error.code in HOPELESS:
                await self._remove(progress.id)
            raise
        await upload.abort()  # the bytes have moved, unless they were there already
        return (await self.get(progress.id))[0]

    def _done(self, session: Session, upload_id: str, file: File) -> None:
        row = self._row(session, upload_id)
        row.offset, row.expires_at, row.file = row.length, later(self._lifetime), file.model_dump()

    def _release(self, upload_id: str, slot: Slot, digest: Digest) -> None:
        self._digests[upload_id] = digest
        while len(self._digests) > MOST_DIGESTS:
            self._digests.popitem(last=False)
        self._free(upload_id, slot)

    def _free(self, upload_id: str, slot: Slot) -> None:
        del self._slots[upload_id]
        slot.freed.set()

    async def interrupt(self, upload_id: str) -> None:
        """End the request that adds bytes, if any: who asks where to go on has lost it, even if nobody noticed yet."""
        await self.get(upload_id)
        slot = self._slots.get(upload_id)
        if slot is None:
            return
        slot.interrupt()
        try:
            await asyncio.wait_for(slot.freed.wait(), INTERRUPTED_S)
        except TimeoutError as error:
            raise _locked() from error

    async def terminate(self, upload_id: str) -> None:
        """Forget an upload and its bytes; a file that it became stays."""
        await self.interrupt(upload_id)
        await self._remove(upload_id)

    async def _remove(self, upload_id: str) -> None:
        await self._database.write(lambda session: session.delete(self._row(session, upload_id)))
        self._digests.pop(upload_id, None)
        await self._run(lambda: self._path(upload_id).unlink(missing_ok=True))

    async def _sweep(self) -> None:
        if time.monotonic() - self._swept >= min(SWEEP_S, self._lifetime):
            self._swept = time.monotonic()
            await sweep(self._database, self._incoming)

    def _row(self, session: Session, upload_id: str) -> rows.Upload:
        row = session.get(rows.Upload, upload_id)
        if row is None or row.created_by != self._person:
            raise _missing()
        if row.expires_at < now():
            raise DeitaError("upload_expired", "The upload was left alone for too long.", hint="Begin it again.")
        return row

    def _path(self, upload_id: str) -> Path:
        return self._incoming / f"{upload_id}{SUFFIX}"

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _touch(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise disk_error(error) from error


def _opened(path: Path) -> int | None:
    """Open and lock an upload's file; None when there is none. Raises upload_locked."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise _locked() from error
    return descriptor


def _shape(row: rows.Upload) -> ResumableUpload:
    return ResumableUpload.model_validate(row, from_attributes=True)


def _missing() -> DeitaError:
    return DeitaError("upload_not_found", "There is no such upload.", hint="Begin it again.")


def _locked() -> DeitaError:
    return DeitaError("upload_locked", "Another request is adding to this upload.")
