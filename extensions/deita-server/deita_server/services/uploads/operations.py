"""The operations of `/uploads`, described."""

from __future__ import annotations

from deita_server.operations import Operation

from . import tus
from .models import ListQuery, ResumableUpload, UploadList

VERSION = {"Tus-Resumable": f"`{tus.VERSION}`"}
CHECKSUM = {"Upload-Checksum": "Algorithm and Base64 of the hash of this body: `sha1`, `md5` or `sha256`."}
CREATION = {
    "Upload-Length": "Bytes of the whole.",
    "Upload-Defer-Length": "`1` where that is not known yet; a later request says it.",
    "Upload-Metadata": "`filename`, and if wanted `filetype`, `sha256` of the whole, `replace`: each value in Base64.",
}
OFFSET = {
    "Upload-Offset": "Where the bytes belong.",
    "Upload-Length": "Bytes of the whole, where the upload began without saying it.",
}

OPERATIONS = [
    Operation("options", "/uploads", "Ask what uploads support", {204: None}),
    Operation("get", "/uploads", "List one's uploads under way", {200: UploadList}, ListQuery),
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
        headers=VERSION | OFFSET | CHECKSUM,
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
