from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from deita_engine.store import FolderStore, store_at


def test_a_finished_file_becomes_a_blob_under_its_hash(tmp_path: Path) -> None:
    store = store_at(f"file://{tmp_path}")
    content = b"some bytes"
    digest = hashlib.sha256(content).hexdigest()
    incoming = store.incoming()
    incoming.write_bytes(content)
    store.put(incoming, digest)
    assert not incoming.exists()
    assert (store.has(digest), store.size(digest), store.path(digest).read_bytes()) == (True, 10, content)
    again = store.incoming("again")
    again.write_bytes(content)
    store.put(again, digest)
    with store.open(digest) as file:
        assert file.read() == content
    store.delete(digest)
    store.delete(digest)
    with pytest.raises(FileNotFoundError):
        store.path(digest)


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "x" * 300])
def test_a_name_with_path_parts_is_no_incoming_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        FolderStore(tmp_path).incoming(name)


@pytest.mark.parametrize("digest", ["../../etc/passwd", "abc", "A" * 64])
def test_what_is_no_hash_is_no_blob(tmp_path: Path, digest: str) -> None:
    with pytest.raises(ValueError, match="not a sha-256"):
        FolderStore(tmp_path).path(digest)


def test_the_janitor_removes_old_orphans_only(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for name, age in (("old", 7200), ("kept", 7200), ("new", 0)):
        file = store.incoming(name)
        file.write_bytes(b"x")
        os.utime(file, (file.stat().st_mtime - age,) * 2)
    assert store.sweep(1, frozenset({"kept"})) == 1
    assert sorted(file.name for file in (tmp_path / "incoming").iterdir()) == ["kept", "new"]


def test_another_kind_of_storage_is_refused() -> None:
    with pytest.raises(ValueError, match="not supported"):
        store_at("s3://bucket/prefix")
