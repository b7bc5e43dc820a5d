"""A result that fails in the middle cannot be taken for a whole one: what goes over the wire has no end."""

from __future__ import annotations

import os
import signal
import socket

import httpx
import pytest

from ...workspace_server import BASE, TOKEN, RunningServer

ARROW_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
LONG = "SELECT range AS n, 'x' || range AS s FROM range(1000000000)"
FAILING = "SELECT range AS n, CASE WHEN range > 6000000 THEN error('no more') ELSE 'x' END AS s FROM range(1000000000)"


def connected(workspace: RunningServer, query_id: str, format: str) -> socket.socket:
    """A connection over which the whole result was asked for."""
    connection = socket.create_connection(("127.0.0.1", workspace.port), timeout=60)
    head = f"GET {BASE}/queries/{query_id}/results?format={format} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    connection.sendall(f"{head}Authorization: Bearer {TOKEN}\r\n\r\n".encode())
    return connection


def rest(connection: socket.socket) -> bytes:
    """What still comes until the server closes the connection."""
    tail = b""
    try:
        while received := connection.recv(2**20):
            tail = (tail + received)[-64:]
    except ConnectionResetError:
        pass
    return tail


@pytest.mark.parametrize("format", ["arrow", "ndjson"])
@pytest.mark.parametrize("cause", ["the engine dies", "the statement fails"])
def test_a_stream_that_fails_in_the_middle_ends_without_its_end(
    workspace: RunningServer, format: str, cause: str
) -> None:
    sql = LONG if cause == "the engine dies" else FAILING
    query_id = workspace.query(sql, wait_ms=0).json()["id"]
    with connected(workspace, query_id, format) as connection:
        first = connection.recv(2**16)
        assert b" 200 OK" in first
        assert b"Transfer-Encoding: chunked" in first
        if cause == "the engine dies":
            os.kill(workspace.engine_pid("read"), signal.SIGKILL)
        tail = rest(connection)
    assert not tail.endswith(b"0\r\n\r\n")
    assert ARROW_END not in tail
    body = workspace.api.get(f"/queries/{query_id}", params={"wait_ms": 60_000}).json()
    assert (body["state"], body["rows"]) == ("failed", [])
    assert body["error"]["code"] == ("engine_lost" if cause == "the engine dies" else "query_failed")


@pytest.mark.parametrize("format", ["arrow", "ndjson", "parquet", "csv", "json"])
def test_a_failed_query_has_no_result_in_any_format(workspace: RunningServer, format: str) -> None:
    query_id = workspace.query("SELECT error('no') FROM range(3)").json()["id"]
    answer: httpx.Response = workspace.api.get(f"/queries/{query_id}/results", params={"format": format})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_result")


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_who_hangs_up_ends_the_export(workspace: RunningServer, format: str) -> None:
    rows = 5_000_000 if format == "csv" else 500_000
    sql = f"SELECT range AS n, hash(range) AS h FROM range({rows})"
    query_id = workspace.query(sql, wait_ms=60_000).json()["id"]
    spool = workspace.storage / "people" / "me" / "spool"
    with connected(workspace, query_id, format):
        workspace.wait_until(lambda: list(spool.glob(f"{query_id}*.{format}")))
    workspace.wait_until(lambda: not list(spool.glob(f"{query_id}*.{format}")))
    whole = workspace.api.get(f"/queries/{query_id}/results", params={"format": format})
    assert whole.status_code == 200
    assert format != "csv" or whole.content.count(b"\n") == rows + 1
