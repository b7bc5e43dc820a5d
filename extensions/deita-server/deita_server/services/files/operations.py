"""The operations of `/files`, described."""

from __future__ import annotations

from deita_server.operations import Operation

from .models import File, FileList, GetQuery, ListQuery, PutQuery, Rename

ANYTHING = ("application/octet-stream",)
RANGE = {"Range": "`bytes=first-last`: a part of the file."}

OPERATIONS = [
    Operation("get", "/files", "List the files by name", {200: FileList}, ListQuery),
    Operation(
        "put",
        "/files/{name}",
        "Upload a file",
        {200: File, 201: File},
        PutQuery,
        takes=bytes,
        refuses=(409, 413, 507),
    ),
    Operation(
        "get",
        "/files/{name}",
        "Download a file",
        {200: ANYTHING, 206: ANYTHING, 304: None},
        GetQuery,
        headers=RANGE,
        refuses=(404, 416),
    ),
    Operation("head", "/files/{name}", "Ask what a download would send", {200: None}, GetQuery, refuses=(404,)),
    Operation("patch", "/files/{name}", "Rename a file", {200: File}, takes=Rename, refuses=(404, 409)),
    Operation("delete", "/files/{name}", "Delete a file", {204: None}, refuses=(404,)),
    Operation("get", "/files/{name}/meta", "Read what is known of a file", {200: File}, GetQuery, refuses=(404,)),
]
