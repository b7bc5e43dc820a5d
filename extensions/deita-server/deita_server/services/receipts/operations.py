"""The operations of receipts, described."""

from __future__ import annotations

from deita_server.operations import Operation
from deita_server.services.queries.models import Query

from .models import FullReceipt, NewRerun

OPERATIONS = [
    Operation(
        "get",
        "/queries/{id}/receipt",
        "Read where a result comes from; waits until it is hashed",
        {200: FullReceipt},
        refuses=(404, 409, 503),
    ),
    Operation(
        "post",
        "/queries/{id}/rerun",
        "Run a query again on the table versions of then or now, and compare",
        {200: Query, 202: Query},
        takes=NewRerun,
        headers={"Idempotency-Key": "Retries with the same key have one effect."},
        refuses=(404, 409, 410, 429, 503),
    ),
]
