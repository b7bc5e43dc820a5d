"""An engine killed, or a disk that is full, at each stage of an import: it ends, whole or not at all, and nothing stays
behind that anybody would have to clear away.
"""

from __future__ import annotations

import gzip
import os
import resource
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ...workspace_server import RunningServer


def lines(rows: int, *, bad: bool = False) -> bytes:
    """A file of so many rows; when `bad`, each tenth has too many fields."""
    content = b"a,b,c\n" + b"".join(b"%d,%d,text %d\n" % (n, n * 7, n) for n in range(rows))
    return content.replace(b"0\n", b"0,1,2,3\n") if bad else content


Seen = Callable[[RunningServer], Any]
ROWS = 150_000


def snapshots(server: RunningServer) -> int:
    with closing(sqlite3.connect(f"file:{server.storage / 'lake.sqlite'}?mode=ro", uri=True)) as catalog:
        return int(catalog.execute("SELECT max(snapshot_id) FROM ducklake_snapshot").fetchone()[0])


def found(pattern: str) -> Seen:
    return lambda server: list(server.storage.glob(pattern))


def read_apart(name: str) -> Seen:
    return found(f"people/me/spool/temporary-write/reading-*/{name}")


STAGES: dict[str, tuple[bytes, str, Seen]] = {
    "unpacking": (gzip.compress(lines(ROWS)), "write", read_apart("plain")),
    "changing the encoding": (lines(ROWS).decode().encode("utf-16"), "write", read_apart("utf8")),
    "cutting": (lines(ROWS, bad=True), "write", read_apart("texts.parquet")),
    "writing the rows": (lines(ROWS), "write", found("lake/main/killed_writing_the_rows/*.parquet")),
    "writing the rejects": (lines(ROWS, bad=True), "write", found("rejects/*.ndjson")),
    "looking": (lines(ROWS), "read", found("people/me/spool/temporary-read/reading-*")),
}


def usage(server: RunningServer) -> Any:
    return server.api.get("/workspace").json()["usage"]


def over(server: RunningServer, id: str) -> dict[str, Any]:
    body: dict[str, Any] = server.api.get(f"/imports/{id}", params={"wait_ms": 60_000}).json()
    assert body["state"] in ("done", "failed"), body
    return body


def begun(server: RunningServer, name: str, content: bytes, **more: Any) -> str:
    """An import under way, in an engine that has imported before."""
    server.put("warm.csv", b"a\n1\n")
    assert server.import_file("warm.csv", mode="replace")["state"] == "done"
    server.rows("from warm")
    server.put(name, content)
    return str(server.api.post("/imports", json={"file": name, **more}).raise_for_status().json()["id"])


def check_whole_or_absent(server: RunningServer, body: dict[str, Any]) -> None:
    table = server.api.get(f"/tables/{body['table']}")
    rejects = server.storage / "rejects" / f"{body['id']}.ndjson"
    if body["state"] == "failed":
        assert (body["error"]["code"], body["error"]["status"]) == ("engine_lost", 503)
        assert (table.status_code, rejects.exists()) == (404, False)
    else:
        counts = body["counts"]
        assert table.json()["rows"] == body["rows"]
        assert rejects.exists() == bool(body["reject_count"])
        assert counts is None or body["rows"] + body["reject_count"] + counts["header"] == counts["total"]


@pytest.mark.parametrize("stage", STAGES)
def test_an_engine_killed_at_a_stage_ends_its_import_whole_or_without_a_trace(workspace: RunningServer, stage: str):
    content, role, seen = STAGES[stage]
    name = f"killed_{stage.replace(' ', '_')}.csv"
    known = set(seen(workspace))
    id = begun(workspace, name, content, confirm=role != "read")
    workspace.wait_until(lambda: set(seen(workspace)) - known)
    before = usage(workspace)
    os.kill(workspace.engine_pid(role), signal.SIGKILL)
    body = over(workspace, id)
    check_whole_or_absent(workspace, body)
    assert usage(workspace) == before
    again = workspace.import_file(name, mode="replace")
    assert again["rows"] + again["reject_count"] == ROWS, again["error"]
    assert not list(workspace.storage.glob("people/me/spool/temporary-write/reading-*"))


def test_an_engine_killed_right_after_its_commit_leaves_an_import_that_is_done(workspace: RunningServer):
    """The moment between the commit and the word about it is short, so it is tried several times."""
    for number in range(3):
        id = begun(workspace, "committed.csv", lines(20_000, bad=True), table="committed", mode="append")
        before = snapshots(workspace)
        pid = workspace.engine_pid("write")
        while snapshots(workspace) == before:
            assert workspace.process.poll() is None
        os.kill(pid, signal.SIGKILL)
        body = over(workspace, id)
        assert body["state"] == "done", body["error"]
        check = workspace.rows("SELECT count(*) FROM committed")
        assert check == [[(number + 1) * body["rows"]]]
        kept = (workspace.storage / "rejects" / f"{id}.ndjson").read_text().splitlines()
        assert len(kept) == body["reject_count"] > 0


def test_an_import_whose_end_cannot_be_written_down_ends_when_there_is_room(start_server: Callable[..., RunningServer]):
    server = start_server()
    id = begun(server, "unwritten.csv", lines(ROWS))
    before = usage(server)
    soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1024, hard))
    refused = server.api.post("/imports", json={"file": "unwritten.csv", "table": "other"})
    assert (refused.status_code, refused.json()["code"]) == (507, "no_space")
    server.wait_until(lambda: "unwritten" in {table["name"] for table in server.api.get("/tables").json()["items"]})
    assert server.api.get(f"/imports/{id}").json()["state"] in ("queued", "running")
    assert server.rows("SELECT count(*) FROM unwritten") == [[ROWS]]
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (soft, hard))
    body = over(server, id)
    assert (body["state"], body["rows"]) == ("done", ROWS)
    assert usage(server) == before
    assert server.api.get("/tables/unwritten").json()["version"] == 1
    assert Path(server.storage, "write.lock").exists()
