"""The operations of `/tables`, described."""

from __future__ import annotations

from deita_server.operations import Operation

from .models import (
    ListQuery,
    Rename,
    Restore,
    RowsPage,
    RowsQuery,
    Table,
    TableList,
    TableProfile,
    VersionList,
    VersionQuery,
)

OPERATIONS = [
    Operation("get", "/tables", "List the tables by name", {200: TableList}, ListQuery),
    Operation("get", "/tables/{name}", "Read what is known of a table", {200: Table}, VersionQuery, refuses=(404, 410)),
    Operation("patch", "/tables/{name}", "Rename a table", {200: Table}, takes=Rename, refuses=(404, 409, 503)),
    Operation("delete", "/tables/{name}", "Drop a table", {204: None}, refuses=(404, 503)),
    Operation("get", "/tables/{name}/rows", "Page through the rows", {200: RowsPage}, RowsQuery, refuses=(404, 410)),
    Operation("get", "/tables/{name}/versions", "List the versions", {200: VersionList}, ListQuery, refuses=(404,)),
    Operation(
        "get",
        "/tables/{name}/profile",
        "Read what each column holds; hanging up ends the work",
        {200: TableProfile},
        VersionQuery,
        refuses=(404, 408, 410, 429, 503),
    ),
    Operation(
        "post",
        "/tables/{name}/restore",
        "Bring a version back as the newest",
        {200: Table},
        takes=Restore,
        refuses=(404, 410, 503),
    ),
]
