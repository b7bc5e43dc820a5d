"""Files that go to a real store while they grow, are broken off, and go on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from deita_engine import multipart
from deita_engine.bucket_client import Keys
from deita_engine.bucket_store import BucketStore
from deita_engine.file_cache import FileCache
from deita_engine.multipart import GROWS_AFTER, Multipart, part_bytes
from deita_engine.objects import Objects
from deita_engine.shapes import EngineError

from tests.servers.fault_proxy import FaultProxy, faults_before
from tests.servers.object_store import ObjectStore

PART = 5 * 2**20
"""The least that S3 takes."""
CONTENT = os.urandom(3 * PART + 12345)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "PART_BYTES", PART)


@pytest.fixture
def place(object_store: ObjectStore) -> str:
    return f"{object_store.prefix()}/ws"


@pytest.fixture
def faults(object_store: ObjectStore) -> Iterator[FaultProxy]:
    with faults_before(object_store.endpoint) as proxy:
        yield proxy


@pytest.fixture
def objects(place: str, object_store: ObjectStore, faults: FaultProxy) -> Objects:
    keys = Keys.of({**object_store.issued(place)["storage"], "endpoint": faults.endpoint})
    return Objects(place, lambda: keys)


@pytest.fixture
def store(objects: Objects, tmp_path: Path) -> BucketStore:
    return BucketStore(objects, FileCache(tmp_path / "cache", 10**6))


class Growing:
    """A local file, what sends it, and the next ones that go on from the same note."""

    def __init__(self, store: BucketStore, folder: Path) -> None:
        self.note = folder / "growing.parts"
        self._store = store
        self.descriptor = os.open(folder / "growing", os.O_CREAT | os.O_RDWR)
        self.stored = 0
        self.parts = self.again()

    def again(self) -> Multipart:
        self.parts = self._store.multipart("growing", self.note)
        return self.parts

    def write(self, content: bytes) -> None:
        os.pwrite(self.descriptor, content, self.stored)
        self.stored += len(content)

    def send(self, safe: int = 0) -> None:
        while self.parts.is_due(self.stored):
            self.parts.send(self.descriptor, safe)

    @property
    def on_disk(self) -> int:
        return os.fstat(self.descriptor).st_blocks * 512


@pytest.fixture
def growing(store: BucketStore, tmp_path: Path) -> Iterator[Growing]:
    found = Growing(store, tmp_path)
    yield found
    os.close(found.descriptor)


def is_the_blob(store: BucketStore, growing: Growing) -> bool:
    growing.parts.complete(growing.descriptor, growing.stored)
    growing.parts.place(DIGEST)
    growing.parts.discard()
    return store.read(DIGEST, 0, len(CONTENT)) == CONTENT


def keys_of(object_store: ObjectStore, place: str) -> list[str]:
    return [key for key in object_store.keys(place) if not key.endswith("/")]


def test_a_file_leaves_the_disk_while_it_grows_and_becomes_a_blob(
    store: BucketStore, growing: Growing, object_store: ObjectStore, place: str, objects: Objects
) -> None:
    most = 0
    for begin in range(0, len(CONTENT), 2**20):
        growing.write(CONTENT[begin : begin + 2**20])
        most = max(most, growing.on_disk)
        growing.send()
    assert growing.parts.sent == 3 * PART
    assert most <= PART + 2**21
    assert growing.on_disk <= 2**20
    assert keys_of(object_store, place) == []
    assert is_the_blob(store, growing)
    assert keys_of(object_store, place) == [f"files/{DIGEST[:2]}/{DIGEST}"]
    assert list(objects.unfinished("")) == []
    assert not growing.note.exists()


def test_the_last_byte_is_never_sent_before_the_end(growing: Growing) -> None:
    growing.write(CONTENT[:PART])
    assert not growing.parts.is_due(growing.stored)
    growing.write(b"x")
    assert growing.parts.is_due(growing.stored)
    assert not growing.parts.is_due(growing.stored, 2)


def test_it_goes_on_from_its_note(store: BucketStore, growing: Growing) -> None:
    growing.write(CONTENT[: 2 * PART + 5])
    growing.send()
    with growing.note.open("ab") as note:
        note.write(b'{"end": 99')  # as a crash leaves it
    assert growing.again().sent == 2 * PART
    growing.write(CONTENT[2 * PART + 5 :])
    growing.send()
    assert growing.again().sent == 3 * PART
    assert is_the_blob(store, growing)


def test_other_bytes_may_come_after_those_that_were_safe(store: BucketStore, growing: Growing) -> None:
    safe = PART + 77
    growing.write(CONTENT[:safe] + os.urandom(2 * PART))
    growing.send(safe)
    assert growing.parts.sent == 3 * PART
    growing.again().go_back(safe)
    assert growing.parts.sent == PART
    assert growing.again().sent == PART
    growing.stored = safe
    os.ftruncate(growing.descriptor, safe)
    growing.write(CONTENT[safe:])
    growing.send(safe)
    assert is_the_blob(store, growing)


def test_the_end_may_be_tried_again_at_every_step(store: BucketStore, growing: Growing, faults: FaultProxy) -> None:
    growing.write(CONTENT)
    growing.send()
    growing.parts.complete(growing.descriptor, growing.stored)
    again = growing.again()
    assert again.sent == len(CONTENT)
    for _ in range(2):
        again.complete(growing.descriptor, growing.stored)
        assert again.read(PART - 1, PART + 1) == CONTENT[PART - 1 : PART + 1]
        again.place(DIGEST)
    assert is_the_blob(store, growing)


def test_parts_that_the_store_forgot_are_told(growing: Growing, objects: Objects) -> None:
    growing.write(CONTENT)
    growing.parts.send(growing.descriptor, 0)
    objects.abort("incoming/growing", json.loads(growing.note.read_text().splitlines()[0])["upload"])
    for attempt in (lambda: growing.send(), lambda: growing.parts.complete(growing.descriptor, growing.stored)):
        with pytest.raises(EngineError) as lost:
            attempt()
        assert lost.value.code == "upload_not_found"


@pytest.mark.parametrize("fault", ["refusals", "cuts", "slowness"])
def test_a_failure_of_a_moment_is_not_noticed(
    store: BucketStore, growing: Growing, faults: FaultProxy, fault: str
) -> None:
    for begin in range(0, len(CONTENT), PART):
        growing.write(CONTENT[begin : begin + PART])
        setattr(faults, fault, 1)
        growing.send()
    setattr(faults, fault, 1)
    assert is_the_blob(store, growing)


def test_after_a_failure_that_lasts_it_goes_on_with_what_was_there(
    store: BucketStore, growing: Growing, faults: FaultProxy
) -> None:
    growing.write(CONTENT)
    growing.parts.send(growing.descriptor, 0)
    faults.refusals = 1000
    with pytest.raises(EngineError) as failed:
        growing.send()
    assert failed.value.code == "storage_unavailable"
    faults.refusals = 0
    assert growing.again().sent == PART
    assert is_the_blob(store, growing)


def test_the_same_bytes_at_the_same_time_are_one_blob(
    store: BucketStore, tmp_path: Path, objects: Objects, object_store: ObjectStore, place: str
) -> None:
    def arrive(name: str) -> None:
        file = tmp_path / name
        file.write_bytes(CONTENT)
        parts = store.multipart(name)
        with file.open("rb") as opened:
            parts.complete(opened.fileno(), len(CONTENT))
        parts.place(DIGEST)
        parts.discard()

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(arrive, ("a", "b", "c")))
    assert keys_of(object_store, place) == [f"files/{DIGEST[:2]}/{DIGEST}"]
    assert store.read(DIGEST, 0, len(CONTENT)) == CONTENT


def test_what_nobody_goes_on_with_is_swept_by_its_age(
    store: BucketStore, growing: Growing, objects: Objects, object_store: ObjectStore, place: str
) -> None:
    growing.write(CONTENT[: PART + 1])
    growing.send()
    objects.put("incoming/complete", b"but not a blob yet")
    both = frozenset({"growing", "complete"})
    assert (store.sweep(3600, frozenset()), store.sweep(-3600, both)) == (0, 0)
    assert store.sweep(-3600, frozenset({"complete"})) == 1
    assert list(objects.unfinished("incoming/")) == []
    assert store.sweep(-3600, frozenset()) == 1
    assert keys_of(object_store, place) == []


def test_ten_thousand_parts_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert part_bytes(0) == part_bytes(GROWS_AFTER - 1) >= PART
    assert sum(map(part_bytes, range(10_000))) > 2**40
    assert max(map(part_bytes, range(10_000))) <= 5 * 2**30
