"""The operations of `/uploads`, described."""

from __future__ import annotations

from deita_server.operations import Operation

from . import tus
from .models import ResumableUpload

VERSION = {"Tus-Resumable": f"`{tus.VERSION}`"}
CHECKSUM = {"Upload-Checksum": "Algorithm and Base64 of the hash of this body: `sha1`, `md5` or `sha256`."}
CREATION = {
    "Upload-Length": "Bytes of the whole.",
    "Upload-Metadata": "`filename`, and if wanted `filetype`, `sha256` of the whole, `replace`: each value in Base64.",
}

OPERATIONS = [
    Operation("options", "/uploads", "Ask what uploads support", {204: None}),
    Operation(
        "post",
        "/uploads",
        "Begin an upload (tus 1.0.0)",
        {201: ResumableUpload},
        takes=tus.CONTENT_TYPE,
        headers=VERSION | CREATION | CHECKSUM,
        refuses=(409, 412, 413, 415, 422, 429, 460, 507),
    ),
    Operation("options", "/uploads/{upload_id}", "Ask what uploads support", {204: None}),
    Operation(
        "head",
        "/uploads/{upload_id}",
        "Ask where the upload goes on",
        {200: None},
        headers=VERSION,
        refuses=(404, 410, 412, 423),
    ),
    Operation("get", "/uploads/{upload_id}", "Read how far it is", {200: ResumableUpload}, refuses=(404, 410)),
    Operation(
        "patch",
        "/uploads/{upload_id}",
        "Add bytes to the upload",
        {204: None},
        takes=tus.CONTENT_TYPE,
        headers=VERSION | {"Upload-Offset": "Where the bytes belong."} | CHECKSUM,
        refuses=(404, 409, 410, 412, 413, 415, 422, 423, 460, 507),
    ),
    Operation(
        "delete",
        "/uploads/{upload_id}",
        "Cancel the upload",
        {204: None},
        headers=VERSION,
        refuses=(404, 410, 412, 423),
    ),
]
