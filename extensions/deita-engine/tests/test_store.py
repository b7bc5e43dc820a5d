from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from deita_engine.store import FolderStore


def test_a_finished_file_becomes_a_blob_under_its_hash(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    content = b"some bytes"
    digest = hashlib.sha256(content).hexdigest()
    incoming = tmp_path / "incoming"
    incoming.write_bytes(content)
    store.put(incoming, digest)
    assert not incoming.exists()
    assert (store.has(digest), store.size(digest), store.path(digest).read_bytes()) == (True, 10, content)
    again = tmp_path / "again"
    again.write_bytes(content)
    store.put(again, digest)
    with store.open(digest) as file:
        assert file.read() == content
    store.delete(digest)
    store.delete(digest)
    with pytest.raises(FileNotFoundError):
        store.path(digest)


@pytest.mark.parametrize("digest", ["../../etc/passwd", "abc", "A" * 64])
def test_what_is_no_hash_is_no_blob(tmp_path: Path, digest: str) -> None:
    with pytest.raises(ValueError, match="not a sha-256"):
        FolderStore(tmp_path).path(digest)


def test_blobs_are_told_by_their_age(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    digest = hashlib.sha256(b"x").hexdigest()
    finished = tmp_path / "finished"
    finished.write_bytes(b"x")
    os.utime(finished, (0, 0))  # when it was written does not matter
    store.put(finished, digest)
    assert list(store.older_than(3600)) == []
    assert list(store.older_than(-3600)) == [digest]
