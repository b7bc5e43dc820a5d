"""Keys of a bucket on a real store, and what happens when it fails for a moment or for longer."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from deita_engine.breaker import FAILURES, PAUSE_S, Breaker
from deita_engine.bucket_client import Keys
from deita_engine.bucket_store import BucketStore
from deita_engine.file_cache import SPARED_S, FileCache
from deita_engine.objects import PART_BYTES, Objects
from deita_engine.shapes import EngineError

from tests.servers.fault_proxy import FaultProxy, faults_before
from tests.servers.object_store import ObjectStore

LARGE = 2 * PART_BYTES + 12345


@pytest.fixture
def place(object_store: ObjectStore) -> str:
    return f"{object_store.prefix()}/ws"


def objects_at(place: str, object_store: ObjectStore, endpoint: str | None = None) -> Objects:
    keys = Keys.of({**object_store.issued(place)["storage"], **({"endpoint": endpoint} if endpoint else {})})
    return Objects(place, lambda: keys)


@pytest.fixture
def objects(place: str, object_store: ObjectStore) -> Objects:
    return objects_at(place, object_store)


@pytest.fixture
def faults(object_store: ObjectStore) -> Iterator[FaultProxy]:
    with faults_before(object_store.endpoint) as proxy:
        yield proxy


@pytest.fixture
def written(tmp_path: Path) -> Callable[[bytes], tuple[Path, str]]:
    def write(content: bytes) -> tuple[Path, str]:
        digest = hashlib.sha256(content).hexdigest()
        path = tmp_path / digest[:8]
        path.write_bytes(content)
        return path, digest

    return write


def test_a_file_in_parts_comes_back_as_it_was(
    objects: Objects, tmp_path: Path, written: Callable[[bytes], tuple[Path, str]]
) -> None:
    content = os.urandom(LARGE)
    file, digest = written(content)
    objects.put_file(file, "large", digest)
    assert objects.size("large") == LARGE
    objects.fetch("large", tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == content
    assert objects.get("large", PART_BYTES - 2, PART_BYTES + 2) == content[PART_BYTES - 2 : PART_BYTES + 2]
    objects.copy("large", "twin")
    objects.delete("large")
    assert (objects.size("large"), objects.size("twin")) == (None, LARGE)


def test_wrong_bytes_are_refused_by_the_store(objects: Objects, written: Callable[[bytes], tuple[Path, str]]) -> None:
    file, _ = written(b"these")
    with pytest.raises(EngineError):
        objects.put_file(file, "wrong", hashlib.sha256(b"others").hexdigest())
    assert objects.size("wrong") is None


def test_a_condition_keeps_what_somebody_else_wrote(objects: Objects) -> None:
    first = objects.put("shared", b"1")
    objects.put("shared", b"2", IfMatch=first)
    with pytest.raises(FileExistsError):
        objects.put("shared", b"3", IfMatch=first)
    with pytest.raises(FileExistsError):
        objects.put("shared", b"3", IfNoneMatch="*")
    assert objects.get("shared") == b"2"


def test_a_failure_of_a_moment_is_not_noticed(place: str, object_store: ObjectStore, faults: FaultProxy) -> None:
    objects = objects_at(place, object_store, faults.endpoint)
    objects.put("kept", b"x" * 200_000)
    for fault in ("refusals", "cuts"):
        setattr(faults, fault, 1)
        assert objects.size("kept") == 200_000
        assert getattr(faults, fault) == 0


def test_a_failure_that_lasts_is_told_at_once_and_heals(
    place: str, object_store: ObjectStore, faults: FaultProxy
) -> None:
    objects = objects_at(place, object_store, faults.endpoint)
    objects.put("kept", b"1")
    faults.refusals = 1000
    for _ in range(FAILURES):
        with pytest.raises(EngineError, match="cannot be reached"):
            objects.size("kept")
    before = faults.requests
    with pytest.raises(EngineError) as refused:
        objects.size("kept")
    assert (refused.value.code, faults.requests) == ("storage_unavailable", before)
    faults.refusals = 0
    deadline = time.monotonic() + 10 * PAUSE_S
    while True:
        try:
            assert objects.size("kept") == 1
            return
        except EngineError:
            assert time.monotonic() < deadline


def test_the_breaker_lets_one_try_at_a_time() -> None:
    now = 0.0
    breaker = Breaker(lambda: now)
    for _ in range(FAILURES):
        breaker.check()
        breaker.failed()
    with pytest.raises(EngineError):
        breaker.check()
    now += PAUSE_S
    breaker.check()
    with pytest.raises(EngineError):
        breaker.check()
    breaker.worked()
    breaker.check()


def test_a_store_in_a_bucket_is_like_one_in_a_folder(
    objects: Objects, tmp_path: Path, written: Callable[[bytes], tuple[Path, str]]
) -> None:
    store = BucketStore(objects, FileCache(tmp_path / "cache", 10**6))
    file, digest = written(b"some bytes")
    store.prepare(file, digest)
    store.put(file, digest)
    assert not file.exists()
    assert (store.has(digest), store.size(digest), store.read(digest, 5, 99)) == (True, 10, b"bytes")
    (tmp_path / "cache" / digest).unlink()
    assert store.path(digest).read_bytes() == b"some bytes"
    with store.open(digest) as opened:
        assert opened.read() == b"some bytes"
    store.delete(digest)
    assert not store.has(digest)
    for ask in (store.path, store.size):
        with pytest.raises(FileNotFoundError):
            ask(digest)


def test_the_cache_keeps_what_was_used_last(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 25)

    def ten_bytes(target: Path) -> None:
        target.write_bytes(b"0123456789")

    for age, name in ((3, "old"), (1, "new")):
        path = cache.path(name, ten_bytes)
        used = time.time() - age * SPARED_S - 1
        os.utime(path, (used, used))
    cache.path("newest", ten_bytes)
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["new", "newest"]


def test_blobs_of_a_bucket_are_told_by_their_age(
    objects: Objects, tmp_path: Path, written: Callable[[bytes], tuple[Path, str]]
) -> None:
    store = BucketStore(objects, FileCache(tmp_path / "cache", 10**6))
    finished, digest = written(b"came a moment ago")
    store.put(finished, digest)
    assert list(store.older_than(3600)) == []
    assert list(store.older_than(-3600)) == [digest]
