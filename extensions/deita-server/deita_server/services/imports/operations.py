"""The operations of `/imports`, described."""

from __future__ import annotations

from deita_server.operations import Operation

from .models import (
    Confirmation,
    Import,
    ImportList,
    ListQuery,
    NewImport,
    NewPreview,
    Reading,
    RejectList,
    RejectsQuery,
    WaitQuery,
)

ONCE = {"Idempotency-Key": "Retries with the same key have one effect."}

OPERATIONS = [
    Operation("get", "/imports", "List the imports, newest first", {200: ImportList}, ListQuery),
    Operation(
        "post",
        "/imports",
        "Turn a file into a table",
        {202: Import},
        takes=NewImport,
        headers=ONCE,
        refuses=(404, 409, 429, 503),
    ),
    Operation(
        "post",
        "/imports/preview",
        "See how a file would be read",
        {200: Reading},
        takes=NewPreview,
        refuses=(404, 408, 422, 429, 503),
    ),
    Operation("get", "/imports/recipe-schema", "Read the JSON Schema of recipes", {200: ("application/schema+json",)}),
    Operation("get", "/imports/{id}", "Read an import, or wait for its end", {200: Import}, WaitQuery, refuses=(404,)),
    Operation("delete", "/imports/{id}", "Cancel an import", {200: Import}, refuses=(404, 409)),
    Operation(
        "post",
        "/imports/{id}/confirm",
        "Go on after review",
        {202: Import},
        takes=Confirmation,
        refuses=(404, 409, 429),
    ),
    Operation(
        "get",
        "/imports/{id}/rejects",
        "List rows that did not fit",
        {200: (RejectList, "text/csv", "application/x-ndjson")},
        RejectsQuery,
        refuses=(404,),
    ),
]
