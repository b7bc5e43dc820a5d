"""An engine that is killed after its commit cannot say that it wrote: then the lake does; it is no failure."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3

from ...workspace_server import RunningServer, Starter

ROUNDS = 8
INSERT = "INSERT INTO written VALUES ({})"


def newest_snapshot(server: RunningServer) -> int:
    with contextlib.closing(sqlite3.connect(server.storage / "lake.sqlite", timeout=20)) as lake:
        return int(lake.execute("SELECT max(snapshot_id) FROM ducklake_snapshot").fetchone()[0])


def test_what_a_lost_engine_wrote_is_not_called_a_failure(start_server: Starter) -> None:
    server = start_server()
    server.query("CREATE TABLE written (number INTEGER)", mode="write").raise_for_status()
    told = set()
    for number in range(ROUNDS):
        server.wait_until(lambda: server.query("DROP VIEW IF EXISTS warm", mode="write").status_code < 300)
        before = newest_snapshot(server)
        query = server.query(INSERT.format(number), mode="write", wait_ms=0).json()
        server.wait_until(lambda before=before: newest_snapshot(server) > before)
        os.kill(server.engine_pid("write"), signal.SIGKILL)
        body = server.api.get(f"/queries/{query['id']}", params={"wait_ms": 30_000}).json()
        assert body["state"] == "done", body
        assert (body["wrote"]["table"], body["wrote"]["version"]) == ("written", number + 2)
        assert body["receipt"]["snapshot"] == newest_snapshot(server)
        told.add(number)
    assert server.rows("SELECT number FROM written ORDER BY 1") == [[number] for number in sorted(told)]


def test_a_promised_write_is_done_after_a_kill_when_the_lake_has_it(start_server: Starter) -> None:
    server = start_server()
    server.query("CREATE TABLE written (number INTEGER)", mode="write").raise_for_status()
    before = newest_snapshot(server)
    query = server.query(INSERT.format(1), mode="write", wait_ms=0).json()
    server.wait_until(lambda: newest_snapshot(server) > before)
    server.kill()
    server.start()
    body = server.api.get(f"/queries/{query['id']}").json()
    assert (body["state"], body["error"]) == ("done", None)
    assert server.rows("SELECT count(*) FROM written") == [[1]]
