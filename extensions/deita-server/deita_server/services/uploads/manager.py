"""Resumable uploads: rows that say how much is safe, and files in `incoming/` that grow.

An upload belongs to the person who began it. One request at a time may add to it: within this server by a slot, among
servers by a lock on its file, which dies with its process. Where files lie in a bucket, its parts go there while it
arrives; bytes are safe that are in a part or, durable, in the local file.
"""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial

from deita_engine.shapes import EngineError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from deita_server.clock import later, now
from deita_server.database import models as rows
from deita_server.database.database import Database
from deita_server.errors import DeitaError
from deita_server.services.files.digest import Digest
from deita_server.services.files.manager import FilesManager
from deita_server.services.files.models import File
from deita_server.services.files.sending import Sending
from deita_server.services.files.upload import Upload

from .incoming import Incoming, locked
from .listing import listed
from .models import ResumableUpload, UploadList
from .reception import Reception, Said, Slot
from .sweeping import sweep
from .tus import Checksum, Wish

MOST_UPLOADS = 1000
MOST_DIGESTS = 256
INTERRUPTED_S = 10.0
SWEEP_S = 3600.0
# Nothing that a client could do would make the bytes a file after all.
HOPELESS = ("file_exists", "sha256_mismatch", "bad_name", "upload_not_found")


class UploadsManager:
    """The uploads of one person. Raises upload_not_found, upload_expired, upload_locked, offset_mismatch and more."""

    def __init__(
        self,
        database: Database,
        files: FilesManager,
        incoming: Incoming,
        threads: Executor,
        person: str,
        lifetime: float,
    ) -> None:
        self._database, self._files, self._incoming = database, files, incoming
        self._threads, self._person, self._lifetime = threads, person, lifetime
        self._swept = -SWEEP_S
        self._slots: dict[str, Slot] = {}
        self._digests: OrderedDict[str, Digest] = OrderedDict()

    async def create(self, wish: Wish) -> ResumableUpload:
        """Begin an upload; raises what already says that it could not become a file."""
        await self._sweep()
        (await self._files.allowance()).check(wish.length or 0)
        if not wish.replace and wish.length is not None:
            await self._files.refuse_other_bytes(wish.name, wish.length, wish.sha256)
        upload_id = uuid.uuid4().hex
        await self._incoming.make(upload_id)
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

    async def list(self, cursor: str | None, limit: int) -> UploadList:
        """Return a page of those that are under way."""
        return await self._database.read(lambda session: listed(session, self._person, cursor, limit))

    async def receive(
        self, upload_id: str, said: Said, checksum: Checksum | None, interrupt: Callable[[], None]
    ) -> Reception:
        """Begin to add the bytes that a request brings; `interrupt` must end in `leave`."""
        if upload_id in self._slots:
            raise locked()
        slot = self._slots[upload_id] = Slot(interrupt)
        try:
            descriptor = await self._incoming.open(upload_id)
            try:
                return await self._received(slot, upload_id, said, checksum, descriptor)
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
        said: Said,
        checksum: Checksum | None,
        descriptor: int | None,
    ) -> Reception:
        progress, _ = await self.get(upload_id)
        offset = said.offset
        if offset != progress.offset:
            raise DeitaError(
                "offset_mismatch",
                "The upload goes on from another byte.",
                hint="Ask with HEAD where it goes on.",
                details={"offset": progress.offset},
            )
        if said.length is not None:
            progress = await self._with_length(progress, said.length)
        rest = None if progress.length is None else progress.length - offset
        if rest is not None and (said.size or 0) > rest:
            raise DeitaError("too_large", "There are more bytes than the upload was to have.", details={"limit": rest})
        if descriptor is None:
            raise locked() if progress.file else _missing()
        allowance = (await self._files.allowance()).without(offset)
        allowance.check(offset + (said.size or 0) if progress.length is None else progress.length)
        sending = await self._incoming.sending(upload_id)
        # all bytes can be there although the last of them were not acknowledged: then they are a file soon
        stored = sending.parts.sent if sending and sending.parts.sent == progress.length else offset
        await self._run(partial(_cut, descriptor, sending, stored))
        digest = self._digests.pop(upload_id, None)
        if digest is None or digest.position > stored:
            digest = Digest()
        tap = checksum.actual.update if checksum else None
        path = self._incoming.path(upload_id)
        upload = Upload(path, allowance, self._threads, sending, descriptor, stored, digest, tap)
        return Reception(
            progress,
            upload,
            checksum,
            commit=partial(self._commit, upload_id),
            finish=partial(self._finish, progress),
            release=partial(self._release, upload_id, slot),
        )

    async def _with_length(self, progress: ResumableUpload, length: int) -> ResumableUpload:
        """Note how long an upload is to be that began without saying so; a length stays."""
        if progress.length not in (None, length) or length < progress.offset:
            details = {"length": progress.length, "offset": progress.offset}
            raise DeitaError("bad_request", "The upload cannot have this length.", details=details)
        if progress.length is None and not progress.replace:
            await self._files.refuse_other_bytes(progress.name, length, progress.sha256)

        def work(session: Session) -> ResumableUpload:
            row = self._row(session, progress.id)
            row.length = length
            return _shape(row)

        return await self._database.write(work)

    async def _commit(self, upload_id: str, offset: int) -> ResumableUpload:
        def work(session: Session) -> ResumableUpload:
            row = self._row(session, upload_id)
            row.offset, row.expires_at = offset, later(self._lifetime)
            return _shape(row)

        return await self._database.write(work)

    async def _finish(self, progress: ResumableUpload, upload: Upload) -> ResumableUpload:
        try:
            await upload.complete()
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
        except (DeitaError, EngineError) as error:
            if error.code in HOPELESS:
                await self._remove(progress.id)
            raise
        await upload.abort()  # the bytes have moved, unless they were there already
        return (await self.get(progress.id))[0]

    def _done(self, session: Session, upload_id: str, file: File) -> None:
        row = self._row(session, upload_id)
        row.length = row.offset = file.size
        row.expires_at, row.file = later(self._lifetime), file.model_dump()

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
            raise locked() from error

    async def terminate(self, upload_id: str) -> None:
        """Forget an upload and its bytes; a file that it became stays."""
        await self.interrupt(upload_id)
        await self._remove(upload_id)

    async def _remove(self, upload_id: str) -> None:
        await self._database.write(lambda session: session.delete(self._row(session, upload_id)))
        self._digests.pop(upload_id, None)
        await self._incoming.discard(upload_id)

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

    async def _run(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _cut(descriptor: int, sending: Sending | None, stored: int) -> None:
    """Forget what came after the bytes that are safe."""
    if sending:
        sending.parts.go_back(stored)
    os.ftruncate(descriptor, stored)


def _shape(row: rows.Upload) -> ResumableUpload:
    return ResumableUpload.model_validate(row, from_attributes=True)


def _missing() -> DeitaError:
    return DeitaError("upload_not_found", "There is no such upload.", hint="Begin it again.")
