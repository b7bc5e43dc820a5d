from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from deita_hub.backing_up import holding
from deita_hub.backing_up.postgres_dumps import HOLD

from tests.servers.control_plane import Broker

from ...workspace_server import RunningServer, Starter

SETTINGS = (
    "--DeitaExtension.max_versions=2",
    "--DeitaExtension.version_days=0",
    "--DeitaExtension.upkeep_grace=0",
)


@pytest.mark.backends
def test_upkeep_leaves_the_kept_versions_and_says_what_it_did(start_server: Starter):
    server = start_server(*SETTINGS)
    assert server.api.get("/workspace").json()["upkeep"] == {"last": None, "did": None, "next": None}
    server.rows("CREATE TABLE t AS SELECT 0 AS a", mode="write")
    for number in range(1, 10):
        server.rows(f"INSERT INTO t VALUES ({number})", mode="write")
    named = server.query("SELECT sum(a) FROM t", as_of={"t": 4}).json()
    told = server.api.post("/workspace/upkeep").json()
    assert (told["did"]["tables"], told["did"]["files_before"], told["did"]["files_after"]) == (1, 10, 1)
    assert told["did"]["snapshots"] >= 6
    assert server.api.get("/workspace").json()["upkeep"] == told
    assert server.rows("SELECT count(*), sum(a) FROM t") == [[10, 45]]
    for version, total in ((10, 45), (9, 36), (4, 6)):  # the newest two, and what a receipt names
        assert server.query("SELECT sum(a) FROM t", as_of={"t": version}).json()["rows"] == [[total]], version
    assert named["receipt"]["tables"] == {"t": 4}
    gone = server.api.get("/tables/t/rows", params={"version": 2})
    refusals = [gone, server.api.post("/tables/t/restore", json={"version": 2}), server.query("FROM t", as_of={"t": 2})]
    assert [(answer.status_code, answer.json()["code"]) for answer in refusals] == [(410, "version_expired")] * 3
    versions = server.api.get("/tables/t/versions").json()["items"]
    assert [version["version"] for version in versions if not version["expired"]] == [10, 9, 4]


@pytest.mark.backends
def test_upkeep_comes_by_itself_while_nothing_runs(start_server: Starter):
    server = start_server("--DeitaExtension.upkeep_idle=0.1", "--DeitaExtension.upkeep_interval=0")
    server.put("a.csv", b"n\n1\n2\n")
    server.import_file("a.csv", table="a")
    server.wait_until(lambda: server.api.get("/workspace").json()["upkeep"]["last"])
    assert server.rows("SELECT sum(n) FROM a") == [[3]]


def test_a_viewer_starts_no_upkeep(start_server: Starter):
    server = start_server(role="viewer")
    assert server.api.post("/workspace/upkeep").status_code == 403


def left_behind(storage: Path, content: bytes) -> tuple[Path, Path]:
    """Bytes that no name leads to, and rejects of an import that there never was, as crashes leave them."""
    sha256 = hashlib.sha256(content).hexdigest()
    blob, rejects = storage / "files" / sha256[:2] / sha256, storage / "rejects" / f"{sha256[:32]}.ndjson"
    for path in (blob, rejects):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return blob, rejects


def test_what_nothing_names_goes_when_it_is_old_enough(start_server: Starter):
    server = start_server("--DeitaExtension.orphan_age=0")
    server.put("kept.csv", b"n\n1\nx\n2\n")
    done = server.import_file("kept.csv", table="kept", recipe={"columns": {"n": "BIGINT"}})
    assert done["reject_count"] == 1
    blob, rejects = left_behind(server.storage, b"orphan")
    did = server.api.post("/workspace/upkeep").json()["did"]
    assert (did["uploads"], did["rejects"]) == (1, 1)
    assert not blob.exists() and not rejects.exists()
    assert server.api.get("/files/kept.csv").content == b"n\n1\nx\n2\n"
    assert len(server.api.get(f"/imports/{done['id']}/rejects").json()["items"]) == 1
    server.stop()
    young = left_behind(server.storage, b"another")
    did = start_server(storage=server.storage).api.post("/workspace/upkeep").json()["did"]
    assert (did["uploads"], did["rejects"], did["orphans"]) == (0, 0, 0)
    assert all(path.exists() for path in young)


@pytest.mark.backends
def test_what_is_deleted_while_a_backup_reads_keeps_its_bytes_until_the_next_upkeep(
    start_server: Starter, backend: str, request: pytest.FixtureRequest
):
    server = start_server("--DeitaExtension.orphan_age=0")
    server.put("a.csv", b"n\n1\n")
    (blob,) = server.blobs()
    with held_as_by_a_backup(server, request.getfixturevalue("broker") if backend == "production" else None):
        server.api.delete("/files/a.csv").raise_for_status()
        assert server.api.post("/workspace/upkeep").json()["code"] == "workspace_busy"
        assert server.blobs() == {blob}
    server.api.post("/workspace/upkeep").raise_for_status()
    assert server.blobs() == set()


@contextlib.contextmanager
def held_as_by_a_backup(server: RunningServer, broker: Broker | None) -> Iterator[None]:
    if broker is None:
        with holding.held([server.storage]):
            yield
        return
    workspace_id = server.environment["DEITA_STORAGE_URL"].rpartition("/")[2]
    url = broker.databases.issue(workspace_id, "backup", "write").url
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(HOLD, [[workspace_id]])
        yield
