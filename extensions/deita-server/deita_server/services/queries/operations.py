"""The operations of `/queries`, described."""

from __future__ import annotations

from deita_server.operations import Operation

from .models import NewQuery, QueriesQuery, Query, QueryList, WaitQuery
from .result_models import Chart, ChartQuery, Filtered, ResultPage, ResultProfile, ResultsQuery

ONCE = {"Idempotency-Key": "Retries with the same key have one effect."}
PART = {"Range": "A part of a complete file.", "If-Range": "The ETag of the file that a part is wanted of."}
WHOLE = (
    "application/vnd.apache.arrow.stream",
    "application/vnd.apache.parquet",
    "text/csv",
    "application/x-ndjson",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)

OPERATIONS = [
    Operation("get", "/queries", "Search your queries, newest first", {200: QueryList}, QueriesQuery),
    Operation(
        "post",
        "/queries",
        "Run a statement",
        {200: Query, 202: Query},
        takes=NewQuery,
        headers=ONCE,
        refuses=(404, 409, 410, 429, 503),
    ),
    Operation("get", "/queries/{id}", "Read a query, or wait for its end", {200: Query}, WaitQuery, refuses=(404, 410)),
    Operation("delete", "/queries/{id}", "Cancel a query; answers when it is over", {200: Query}, refuses=(404,)),
    Operation(
        "get",
        "/queries/{id}/results",
        "Page through the result, or have all of it in a format",
        {200: (ResultPage, *WHOLE), 206: WHOLE},
        ResultsQuery,
        headers=PART,
        refuses=(404, 409, 410, 413, 415, 416, 429),
    ),
    Operation(
        "head",
        "/queries/{id}/results",
        "Read what the result would be sent with",
        {200: None},
        ResultsQuery,
        refuses=(404, 409, 410, 413, 415, 429),
    ),
    Operation(
        "get",
        "/queries/{id}/profile",
        "Read what the columns of the result hold",
        {200: ResultProfile},
        Filtered,
        refuses=(404, 409, 410, 429),
    ),
    Operation(
        "get",
        "/queries/{id}/chart",
        "Have points of the result to draw",
        {200: Chart},
        ChartQuery,
        refuses=(404, 409, 410, 429),
    ),
]
