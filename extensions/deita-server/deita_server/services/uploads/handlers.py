"""Handlers of `/uploads`, the server side of tus 1.0.0."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from tornado.httputil import format_timestamp

from deita_server import roles
from deita_server.errors import DeitaError
from deita_server.streamed import StreamedHandler

from . import tus

if TYPE_CHECKING:
    from .models import ResumableUpload
    from .reception import Reception

LOST = (409, 413, 422, 507)
OVERRIDES = ("PATCH", "HEAD", "DELETE")


class TusHandler(StreamedHandler):
    """What both addresses share: the version, and a body that is bytes of an upload."""

    actions: ClassVar[dict[str, roles.Action]] = {}  # whoever asks is one who uploads
    _reception: Reception | None = None

    def set_default_headers(self) -> None:
        """Say which version answers."""
        super().set_default_headers()
        self.set_header("Tus-Resumable", tus.VERSION)

    async def prepare(self) -> None:
        """Let anybody ask what is supported; a POST may stand for a method that the way to us does not let through."""
        if self.request.method == "OPTIONS":
            return
        override = self.request.headers.get("X-HTTP-Method-Override", "").upper()
        if self.request.method == "POST" and override in OVERRIDES:
            self.request.method = override
        await super().prepare()

    async def receive_at(self, upload_id: str, offset: int) -> None:
        """Open the upload for the body of this request."""
        from .reception import Said

        tus.check_content_type(self.request.headers)
        checksum = tus.checksum(self.request.headers)
        said = Said(offset, self.declared_length(), tus.later_length(self.request.headers))
        self._reception = await self.dataplane.uploads.receive(upload_id, said, checksum, self._cut)
        self.allow_body(self.dataplane.limits.max_upload_bytes)

    async def receive(self, chunk: bytes) -> None:
        """Add a piece."""
        if self._reception:
            await self._reception.write(chunk)
        else:
            await super().receive(chunk)

    async def abandon(self) -> None:
        """Keep what arrived."""
        if reception := self._taken():
            await reception.leave()

    def on_finish(self) -> None:
        """Count the request, and the upload when it is over: a file now, or refused for good."""
        super().on_finish()
        status = self.get_status()
        if self.request.method in ("POST", "PATCH") and ("Deita-File" in self._headers or status in LOST):
            self.dataplane.metrics.upload(status)

    def _taken(self) -> Reception | None:
        reception, self._reception = self._reception, None
        return reception

    def _cut(self) -> None:
        """Break the connection that sends the body, unless it is all here and being put in its place."""
        if self._reception:
            self.request.connection.close()

    def describe(self, upload: ResumableUpload) -> None:
        """Set the headers that say how far an upload is."""
        self.set_header("Upload-Offset", str(upload.offset))
        self.set_header("Upload-Expires", format_timestamp(datetime.fromisoformat(upload.expires_at)))
        if upload.file:
            self.set_header("Deita-File", json.dumps(upload.file.model_dump()))  # JSON in ASCII

    def options(self, *_: str, **__: str) -> None:
        """Say what is supported."""
        self.set_status(204)
        self.set_header("Tus-Version", tus.VERSION)
        self.set_header("Tus-Extension", tus.EXTENSIONS)
        self.set_header("Tus-Checksum-Algorithm", ",".join(tus.ALGORITHMS))
        self.set_header("Tus-Max-Size", str(self.dataplane.limits.max_upload_bytes))
        self.finish()


class UploadsHandler(TusHandler):
    """Where uploads begin, and are found again."""

    _upload: ResumableUpload | None = None

    async def open(self) -> None:
        """Begin an upload, and take its first bytes if the request has some."""
        if self.request.method != "POST":
            return
        tus.check_version(self.request.headers)
        wish = tus.wish(self.request.headers)
        size = self.declared_length()
        has_body = bool(size) or "Transfer-Encoding" in self.request.headers
        if has_body:
            tus.check_content_type(self.request.headers)
        if wish.length is not None and (size or 0) > wish.length:
            raise DeitaError("too_large", "There are more bytes than the upload is to have.")
        self._upload = await self.dataplane.uploads.create(wish)
        if has_body or wish.length == 0:
            self.request.headers["Content-Type"] = tus.CONTENT_TYPE
            await self.receive_at(self._upload.id, 0)

    async def get(self) -> None:
        """List the person's uploads under way."""
        self.accept()
        from .models import ListQuery

        query = self.read_query(ListQuery)
        self.answer(await self.dataplane.uploads.list(query.cursor, query.limit))

    async def post(self) -> None:
        """Answer with the upload's address; bytes that came along are in it."""
        self.accept()
        upload, reception = self._upload, self._taken()
        assert upload is not None
        if reception:
            upload = await reception.end()
        self.set_header("Location", f"{self.request.path.rstrip('/')}/{upload.id}")
        self.describe(upload)
        self.answer(upload, 201)


class UploadHandler(TusHandler):
    """One upload."""

    async def open(self) -> None:
        """Get ready for the bytes of a PATCH."""
        if self.request.method == "GET":
            return
        tus.check_version(self.request.headers)
        if self.request.method == "PATCH":
            tus.check_content_type(self.request.headers)
            offset = tus.number(self.request.headers, "Upload-Offset")
            await self.receive_at(self.path_kwargs["upload_id"], offset)

    async def patch(self, upload_id: str) -> None:
        """Add the body to the upload; the last bytes make it a file."""
        self.accept()
        reception = self._taken()
        assert reception is not None
        self.describe(await reception.end())
        self.set_status(204)
        self.finish()

    async def head(self, upload_id: str) -> None:
        """Say where the upload goes on. A request that still adds to it is cut: its sender has lost it."""
        self.accept()
        await self.dataplane.uploads.interrupt(upload_id)
        upload, described = await self.dataplane.uploads.get(upload_id)
        self.describe(upload)
        if upload.length is None:
            self.set_header("Upload-Defer-Length", "1")
        else:
            self.set_header("Upload-Length", str(upload.length))
        if described:
            self.set_header("Upload-Metadata", described)
        self.finish()

    async def get(self, upload_id: str) -> None:
        """Send the upload as JSON; what is being received goes on."""
        self.accept()
        upload, _ = await self.dataplane.uploads.get(upload_id)
        self.answer(upload)

    async def delete(self, upload_id: str) -> None:
        """Forget the upload and its bytes."""
        self.accept()
        await self.dataplane.uploads.terminate(upload_id)
        self.set_status(204)
        self.finish()


ROUTES: list[tuple[str, type[StreamedHandler]]] = [
    ("/uploads", UploadsHandler),
    ("/uploads/", UploadsHandler),
    ("/uploads/{upload_id}", UploadHandler),
]
