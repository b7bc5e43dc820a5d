"""Run one statement and wait for it; whoever stops waiting stops the query.

The query's id is chosen here, before anything is sent, so that Ctrl-C can cancel a query whose first answer is still
under way.
"""

from __future__ import annotations

import contextlib
import datetime
import decimal
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Literal

from deita.errors import DeitaError, QueryError, from_shape
from deita.http import Transport, path_of

Mode = Literal["read", "write"]
AsOf = Literal["then", "now"]
Watch = Callable[[Mapping[str, Any]], None]
OVER = frozenset({"done", "failed", "cancelled"})
POLL_MS = 10_000
WATCH_MS = 500
CANCEL_TRIES = 3


def run_query(
    transport: Transport,
    sql: str,
    params: Mapping[str, Any] | None = None,
    *,
    mode: Mode | Literal["auto"] = "read",
    limit: int | None = None,
    timeout_ms: int | None = None,
    as_of: Mapping[str, int] | str | None = None,
    cache: bool = True,
    results: Mapping[str, str] | None = None,
    param_types: Mapping[str, str] | None = None,
    watch: Watch | None = None,
) -> dict[str, Any]:
    """Run `sql` to its end and return the finished query's body.

    Mode `auto` asks for reading and, when the data plane says that the statement writes, for writing: what writes is
    the engine's to decide, not ours. `results` are ids of earlier queries by the names that `sql` calls them. `watch`
    is told the query's body twice a second from the first second on. Raises QueryError; a KeyboardInterrupt cancels the
    query and goes on up.
    """
    request: dict[str, Any] = {"sql": sql, "mode": "read" if mode == "auto" else mode}
    optional = {
        "params": sendable(params or {}),
        "limit": limit,
        "timeout_ms": timeout_ms,
        "as_of": as_of,
        "results": results,
        "param_types": param_types,
    }
    request.update({name: value for name, value in optional.items() if value is not None and value != {}})
    if not cache:
        request["cache"] = False
    try:
        return _run(transport, request, watch=watch)
    except DeitaError as error:
        if mode == "auto" and error.code == "write_mode_required":
            again: dict[str, Any] = {"results": results, "param_types": param_types, "watch": watch}
            return run_query(transport, sql, params, mode="write", timeout_ms=timeout_ms, **again)
        raise QueryError(sql, error) from None


def run_saved(
    transport: Transport,
    slug: str,
    params: Mapping[str, Any],
    *,
    limit: int | None = None,
    as_of: Mapping[str, int] | str | None = None,
) -> dict[str, Any]:
    """Run a saved query to its end and return the finished query's body; raises DeitaError."""
    optional = {"limit": limit, "as_of": as_of}
    request = {"params": sendable(params)} | {name: value for name, value in optional.items() if value is not None}
    return _run(transport, request, path_of("saved-queries", slug, "run"))


def run_again(transport: Transport, query_id: str, as_of: AsOf) -> dict[str, Any]:
    """Run a query of one's own again to its end and return the new one's body; raises DeitaError."""
    return _run(transport, {"as_of": as_of}, path_of("queries", query_id, "rerun"))


def cancel(transport: Transport, query_id: str) -> None:
    """Cancel for real. Errors do not matter any more: the caller is on its way out."""
    for _ in range(CANCEL_TRIES):
        try:
            transport.send("DELETE", path_of("queries", query_id), patience_s=5)
        except DeitaError as error:
            if error.status != 404:  # 404: the server may not have read the query yet
                return
        else:
            return


def sendable(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON knows them: dates and times as ISO 8601, decimals and UUIDs as text, the rest as it is."""
    return {name: sendable_value(value) for name, value in params.items()}


def sendable_value(value: Any) -> Any:
    """One value as JSON knows it."""
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal | uuid.UUID):
        return str(value)
    if isinstance(value, list | tuple):
        return [sendable_value(item) for item in value]
    if hasattr(value, "item") and getattr(value, "shape", None) == ():  # a NumPy scalar
        return value.item()
    return value


def _run(
    transport: Transport, request: Mapping[str, Any], start: str = "queries", watch: Watch | None = None
) -> dict[str, Any]:
    query_id = str(uuid.uuid4())
    path = path_of("queries", query_id)
    try:
        body: dict[str, Any] = transport.send("POST", start, json_body={"id": query_id, **request})
        while body["state"] not in OVER:
            if watch:
                watch(body)
            body = transport.get(path, {"wait_ms": WATCH_MS if watch else POLL_MS})
    except (KeyboardInterrupt, SystemExit):
        with contextlib.suppress(KeyboardInterrupt):  # a second Ctrl-C ends the wait for the first
            cancel(transport, query_id)
        raise
    if body["state"] == "done":
        return body
    raise from_shape(body.get("error") or {"code": "query_cancelled", "message": "The query was cancelled."})
