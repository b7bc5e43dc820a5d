"""The operations of `/queries`, described."""

from __future__ import annotations

from deita_server.operations import Operation

from .models import (
    Completions,
    NewQuery,
    QueriesQuery,
    Query,
    QueryList,
    ResultPage,
    ResultsQuery,
    ToComplete,
    WaitQuery,
)

ONCE = {"Idempotency-Key": "Retries with the same key have one effect."}
WHOLE = (
    "application/vnd.apache.arrow.stream",
    "application/vnd.apache.parquet",
    "text/csv",
    "application/x-ndjson",
)

OPERATIONS = [
    Operation("get", "/queries", "List your recent queries, newest first", {200: QueryList}, QueriesQuery),
    Operation(
        "post",
        "/queries",
        "Run a statement",
        {200: Query, 202: Query},
        takes=NewQuery,
        headers=ONCE,
        refuses=(404, 409, 410, 429, 503),
    ),
    Operation("post", "/queries/complete", "Complete a statement being written", {200: Completions}, takes=ToComplete),
    Operation("get", "/queries/{id}", "Read a query, or wait for its end", {200: Query}, WaitQuery, refuses=(404, 410)),
    Operation("delete", "/queries/{id}", "Cancel a query; answers when it is over", {200: Query}, refuses=(404,)),
    Operation(
        "get",
        "/queries/{id}/results",
        "Page through the result, or have all of it in a format",
        {200: (ResultPage, *WHOLE)},
        ResultsQuery,
        refuses=(404, 409, 410, 415),
    ),
]
