"""Uploads that go to a bucket while they arrive: what is where meanwhile, and what breaks leave."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import random
import socket
from collections.abc import Iterator

import pytest
from deita_hub import settings

from tests.servers.control_plane import Broker, running_broker
from tests.servers.fault_proxy import FaultProxy, faults_before
from tests.servers.object_store import ObjectStore
from tests.servers.postgres import PostgresServer

from ...workspace_server import BASE, TOKEN, RunningServer, Starter
from .tus_requests import VERSION, begin, bytes_of, code, offset, patch

pytestmark = pytest.mark.backends("production")

MB = 2**20
PART = 16 * MB
CONTENT = random.Random(11).randbytes(2 * PART + 3 * MB + 7)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def unfinished(server: RunningServer) -> list[str]:
    """The names of the uploads of which there are parts in the bucket."""
    assert server.store is not None
    keys = server.store.unfinished(server.environment["DEITA_STORAGE_URL"])
    return [key.removeprefix("incoming/") for key in keys]


def keys(server: RunningServer) -> set[str]:
    assert server.store is not None
    return set(server.store.keys(server.environment["DEITA_STORAGE_URL"]))


def on_disk(server: RunningServer) -> int:
    """The bytes of uploads and cached files on the server's own disk."""
    places = (server.storage / "incoming", server.storage / "cache")
    return sum(path.stat().st_blocks * 512 for place in places for path in place.rglob("*") if path.is_file())


def assert_is_there(server: RunningServer, name: str) -> None:
    assert server.api.get(f"/files/{name}/meta").json()["sha256"] == DIGEST
    part = server.api.get(f"/files/{name}", headers={"Range": f"bytes={PART - 5}-{PART + 4}"})
    assert part.content == CONTENT[PART - 5 : PART + 5]
    assert DIGEST in server.blobs()
    assert not [key for key in keys(server) if key.startswith("incoming/")]


def half_put(server: RunningServer, name: str) -> socket.socket:
    """A PUT of `CONTENT` of which all but the last byte was sent."""
    line = socket.create_connection(("127.0.0.1", server.port))
    head = f"PUT {BASE}/files/{name} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
    line.sendall(f"{head}Content-Length: {len(CONTENT)}\r\n\r\n".encode() + CONTENT[:-1])
    server.wait_until(lambda: unfinished(server))
    return line


def test_it_is_in_the_bucket_before_it_ends_and_goes_on_after_a_kill(start_server: Starter) -> None:
    server = start_server()
    upload = begin(server, "parts.bin", len(CONTENT), sha256=DIGEST)
    first = 2 * PART + 5
    assert patch(server, upload, 0, CONTENT[:first]).status_code == 204
    assert unfinished(server) == [upload.rsplit("/", 1)[1]]
    assert on_disk(server) <= PART + MB
    server.kill()
    server.start()
    assert offset(server, upload) == first
    last = patch(server, upload, first, CONTENT[first:])
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(CONTENT)))
    assert_is_there(server, "parts.bin")
    assert (unfinished(server), bytes_of(server, upload).exists()) == ([], False)
    assert on_disk(server) <= MB


def test_bytes_that_were_refused_leave_no_part(workspace: RunningServer) -> None:
    upload = begin(workspace, "refused.bin", len(CONTENT))
    first = PART + 3
    assert patch(workspace, upload, 0, CONTENT[:first]).status_code == 204
    wrong = {"Upload-Checksum": f"sha1 {base64.b64encode(hashlib.sha1(b'other').digest()).decode()}"}
    refused = patch(workspace, upload, first, bytes(len(CONTENT) - first), **wrong)
    assert code(refused) == (460, "checksum_mismatch")
    assert offset(workspace, upload) == first
    assert patch(workspace, upload, first, CONTENT[first:]).status_code == 204
    assert_is_there(workspace, "refused.bin")


def test_a_put_goes_the_same_way(workspace: RunningServer) -> None:
    with half_put(workspace, "put.bin") as line:
        assert on_disk(workspace) <= 2 * PART + MB
        line.sendall(CONTENT[-1:])
        assert line.recv(12) in (b"HTTP/1.1 201", b"HTTP/1.1 200")
    assert_is_there(workspace, "put.bin")


def test_what_is_cancelled_or_broken_off_leaves_nothing(start_server: Starter) -> None:
    server = start_server()
    half_put(server, "broken-off.bin").close()
    server.wait_until(lambda: not unfinished(server))
    upload = begin(server, "cancelled.bin", len(CONTENT))
    assert patch(server, upload, 0, CONTENT[:-1]).status_code == 204
    assert unfinished(server)
    assert server.api.delete(upload, headers=VERSION).status_code == 204
    assert (unfinished(server), keys(server), on_disk(server)) == ([], set(), 0)


def test_upkeep_removes_what_a_kill_left_and_nothing_that_goes_on(start_server: Starter) -> None:
    server = start_server("--DeitaExtension.orphan_age=0")
    upload = begin(server, "goes-on.bin", len(CONTENT))
    assert patch(server, upload, 0, CONTENT[: 2 * PART]).status_code == 204
    with half_put(server, "killed.bin"):
        server.wait_until(lambda: len(unfinished(server)) == 2)
        server.kill()
    server.start()
    assert server.store is not None
    lost = hashlib.sha256(b"no row names this").hexdigest()
    prefix = server.environment["DEITA_STORAGE_URL"].removeprefix("s3://deita/")
    blob = f"files/{lost[:2]}/{lost}"
    server.store.client().put_object(Bucket="deita", Key=f"{prefix}/{blob}", Body=b"no row names this")
    assert server.api.post("/workspace/upkeep").json()["did"]["uploads"] == 2
    assert (unfinished(server), keys(server)) == ([upload.rsplit("/", 1)[1]], set())
    assert patch(server, upload, 2 * PART, CONTENT[2 * PART :]).status_code == 204
    assert_is_there(server, "goes-on.bin")


@pytest.fixture
def faults(object_store: ObjectStore) -> Iterator[FaultProxy]:
    with faults_before(object_store.endpoint) as proxy:
        yield proxy


@pytest.fixture
def through_faults(postgres: PostgresServer, object_store: ObjectStore, faults: FaultProxy) -> Iterator[Broker]:
    """A broker whose bucket is reached through the proxy."""
    objects = settings.load(object_store.settings()).objects
    assert objects is not None
    with running_broker(postgres.database(), dataclasses.replace(objects, endpoint=faults.endpoint)) as broker:
        yield broker


def test_a_store_that_is_away_is_a_503_and_nothing_acknowledged_is_lost(
    start_server: Starter, through_faults: Broker, faults: FaultProxy
) -> None:
    url = f"{through_faults.storage.objects.url}/w1"
    server = start_server(DEITA_CONTROL_PLANE=f"{through_faults.url}/w1", DEITA_STORAGE_URL=url)
    upload = begin(server, "away.bin", len(CONTENT))
    assert patch(server, upload, 0, CONTENT[: PART + 1]).status_code == 204
    faults.refusals = 10_000
    refused = patch(server, upload, PART + 1, CONTENT[PART + 1 :])
    assert code(refused) == (503, "storage_unavailable")
    assert "Retry-After" in refused.headers
    at = offset(server, upload)
    assert PART < at <= len(CONTENT)
    faults.refusals, faults.cuts, faults.slowness = 0, 1, 1

    def goes_on() -> bool:
        at = offset(server, upload)  # an attempt that failed may have brought some of it
        return patch(server, upload, at, CONTENT[at:]).status_code == 204

    server.wait_until(goes_on, 60)
    assert_is_there(server, "away.bin")
