"""Handlers of `/files`. A PUT is streamed: `prepare` opens it, `data_received` feeds it, `put` names it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from tornado import web
from tornado.iostream import StreamClosedError

from deita_server import roles
from deita_server.base import JSON_LIMIT, DeitaHandler
from deita_server.errors import DeitaError

from .download import byte_range, send_file

# How much of a refused body is read before the answer: a client that is still sending would not see one.
DRAINED = 256 * 2**20
NESTED = r"/files/.*/.*"


class FilesHandler(DeitaHandler):
    """All files."""

    async def get(self) -> None:
        """List the files by name."""
        await self.dataplane.storing()
        from .models import ListQuery

        query = self.read_query(ListQuery)
        self.answer(await self.dataplane.files.list(query.cursor, query.limit))


@web.stream_request_body
class FileHandler(DeitaHandler):
    """One file: its bytes and its name."""

    _upload = None
    _refused: Exception | None = None
    _body = b""

    async def prepare(self) -> None:
        """Let the person in and open the upload; a refusal waits for the end of the body."""
        try:
            await super().prepare()
            await self.dataplane.storing()
            if self.request.method == "PUT":
                self._open()
        except (DeitaError, web.HTTPError) as error:
            if not self._drains():
                raise
            self._refused = error

    def _open(self) -> None:
        from . import names

        manager = self.dataplane.files
        names.checked(self.path_kwargs["name"])
        if int(self.request.headers.get("Content-Length") or 0) > manager.max_bytes:
            raise DeitaError(
                "too_large", "The file is larger than this server takes.", details={"limit": manager.max_bytes}
            )
        # A body without a length is counted as it comes: the refusal, too, needs its rest to be read.
        self.request.connection.set_max_body_size(manager.max_bytes + DRAINED)
        self._upload = manager.upload()

    def _drains(self) -> bool:
        length = self.request.headers.get("Content-Length", "")
        waits = self.request.headers.get("Expect", "").lower() == "100-continue"
        return not waits and length.isdigit() and 0 < int(length) <= DRAINED

    async def data_received(self, chunk: bytes) -> None:
        """Pass a piece of the body on; after a refusal, drop it."""
        if self._refused:
            return
        try:
            if self._upload:
                await self._upload.write(chunk)
            elif len(self._body) + len(chunk) > JSON_LIMIT:
                raise DeitaError("too_large", "The body of this request is too large.", details={"limit": JSON_LIMIT})
            else:
                self._body += chunk
        except DeitaError as error:
            self._refused = error
            await self._abort()

    def on_connection_close(self) -> None:
        """Throw away what arrived of an upload whose sender is gone."""
        super().on_connection_close()
        if self._upload:
            self.dataplane.in_background(self._abort())

    async def _abort(self) -> None:
        upload, self._upload = self._upload, None
        if upload:
            await upload.abort()

    def _accept(self) -> None:
        if self._refused:
            raise self._refused
        self.request.body = self._body

    async def put(self, name: str) -> None:
        """Store the body under the name."""
        self._accept()
        from .models import PutQuery

        upload = self._upload
        assert upload is not None
        try:
            query = self.read_query(PutQuery)
            await upload.complete()
            file, created = await self.dataplane.files.store(name, upload, replace=query.replace)
        finally:
            self._upload = None
            await upload.abort()
        self.answer(file, 201 if created else 200)

    async def get(self, name: str) -> None:
        """Send the bytes, or the part that `Range` names."""
        await self._download(name, send=True)

    async def head(self, name: str) -> None:
        """Send what `get` would send, without the bytes."""
        await self._download(name, send=False)

    async def _download(self, name: str, *, send: bool) -> None:
        self._accept()
        from .models import GetQuery

        manager = self.dataplane.files
        file = await manager.get(name, self.read_query(GetQuery).version)
        path = await manager.path(file.name, file.sha256)
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
            await self._send(path, begin, end)
        self.finish(set_content_type=file.media_type)

    async def _send(self, path: Path, begin: int, end: int) -> None:
        try:
            await send_file(self, path, begin, end, self.dataplane.disk)
        except StreamClosedError:
            return  # the client left; there is nobody to tell
        except OSError as error:
            self.log.warning("Broke off the download of request %s: %s", self.request_id, error.strerror)
            self.request.connection.close()

    def _describe(self, name: str, media_type: str, etag: str) -> None:
        self.set_header("Content-Type", media_type)
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name, safe='')}")
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("ETag", etag)

    async def patch(self, name: str) -> None:
        """Rename the file."""
        self._accept()
        from .models import Rename

        self.answer(await self.dataplane.files.rename(name, self.read_body(Rename).name))

    async def delete(self, name: str) -> None:
        """Forget the name."""
        self._accept()
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
