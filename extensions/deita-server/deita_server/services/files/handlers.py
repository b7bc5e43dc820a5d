"""Handlers of `/files`. A PUT is streamed: `open` begins it, `receive` feeds it, `put` names it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from deita_engine.shapes import EngineError
from tornado.iostream import StreamClosedError

from deita_server import roles
from deita_server.base import DeitaHandler
from deita_server.errors import DeitaError
from deita_server.streamed import StreamedHandler

from .download import Read, byte_range, send_bytes

if TYPE_CHECKING:
    from .upload import Upload

NESTED = r"/files/.*/.*"


class FilesHandler(DeitaHandler):
    """All files."""

    async def get(self) -> None:
        """List the files by name."""
        await self.dataplane.storing()
        from .models import ListQuery

        query = self.read_query(ListQuery)
        self.answer(await self.dataplane.files.list(query.cursor, query.limit))


class FileHandler(StreamedHandler):
    """One file: its bytes and its name."""

    actions: ClassVar[dict[str, roles.Action]] = {"GET": "raw", "HEAD": "raw"}

    _upload: Upload | None = None

    async def open(self) -> None:
        """Open the upload of a PUT."""
        if self.request.method != "PUT":
            return
        from . import names

        names.checked(self.path_kwargs["name"])
        manager = self.dataplane.files
        self._upload = await manager.upload(self.declared_length())
        self.allow_body(manager.max_bytes)

    async def receive(self, chunk: bytes) -> None:
        """Write a piece of a PUT."""
        if self._upload:
            await self._upload.write(chunk)
        else:
            await super().receive(chunk)

    async def abandon(self) -> None:
        """Throw away what arrived."""
        upload, self._upload = self._upload, None
        if upload:
            await upload.abort()

    def on_finish(self) -> None:
        """Count the request, and the upload that it was."""
        super().on_finish()
        if self.request.method == "PUT":
            self.dataplane.metrics.upload(self.get_status())

    async def put(self, name: str) -> None:
        """Store the body under the name."""
        self.accept()
        from .models import PutQuery

        upload, self._upload = self._upload, None  # from here on a sender who leaves changes nothing
        assert upload is not None
        try:
            query = self.read_query(PutQuery)
            await upload.complete()
            file, created = await self.dataplane.files.store(name, upload, replace=query.replace)
        finally:
            await upload.abort()
        self.answer(file, 201 if created else 200)

    async def get(self, name: str) -> None:
        """Send the bytes, or the part that `Range` names."""
        await self._download(name, send=True)

    async def head(self, name: str) -> None:
        """Send what `get` would send, without the bytes."""
        await self._download(name, send=False)

    async def _download(self, name: str, *, send: bool) -> None:
        self.accept()
        from .models import GetQuery

        manager = self.dataplane.files
        file = await manager.get(name, self.read_query(GetQuery).version)
        await manager.check(file)
        etag = f'"{file.sha256}"'
        self._describe(file.name, file.media_type, etag)
        if etag in self.request.headers.get("If-None-Match", ""):
            self.set_status(304)
            self.finish()
            return
        current = self.request.headers.get("If-Range", etag) == etag
        part = byte_range(self.request.headers.get("Range"), file.size) if current else None
        begin, end = part or (0, file.size)
        if part:
            self.set_status(206)
            self.set_header("Content-Range", f"bytes {begin}-{end - 1}/{file.size}")
        self.set_header("Content-Length", str(end - begin))
        if send:
            await self._send(partial(manager.read, file.sha256), begin, end)
        self.finish(set_content_type=file.media_type)

    async def _send(self, read: Read, begin: int, end: int) -> None:
        try:
            await send_bytes(self, read, begin, end)
        except StreamClosedError:
            return  # the client left; there is nobody to tell
        except (OSError, EngineError) as error:
            reason = error.code if isinstance(error, EngineError) else error.strerror
            self.log.warning("Broke off a download: %s", reason)
            self.request.connection.close()

    def _describe(self, name: str, media_type: str, etag: str) -> None:
        self.set_header("Content-Type", media_type)
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name, safe='')}")
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("ETag", etag)

    async def patch(self, name: str) -> None:
        """Rename the file."""
        self.accept()
        from .models import Rename

        self.answer(await self.dataplane.files.rename(name, self.read_body(Rename).name))

    async def delete(self, name: str) -> None:
        """Forget the name."""
        self.accept()
        await self.dataplane.deleting()
        await self.dataplane.files.delete(name)
        self.set_status(204)
        self.finish()


class FileMetaHandler(DeitaHandler):
    """What is known of a file."""

    async def get(self, name: str) -> None:
        """Send the file as JSON."""
        await self.dataplane.storing()
        from .models import GetQuery

        self.answer(await self.dataplane.files.get(name, self.read_query(GetQuery).version))


class NestedNameHandler(DeitaHandler):
    """Names with a path in them: refused as names, not as unknown addresses."""

    actions: ClassVar[dict[str, roles.Action]] = dict.fromkeys(
        ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"), "look"
    )

    async def prepare(self) -> None:
        """Refuse after authentication."""
        await super().prepare()
        raise DeitaError("bad_name", "A file cannot have this name: it has a path; names are flat here.")


ROUTES: list[tuple[str, type[DeitaHandler]]] = [
    ("/files", FilesHandler),
    ("/files/{name}", FileHandler),
    ("/files/{name}/meta", FileMetaHandler),
]
