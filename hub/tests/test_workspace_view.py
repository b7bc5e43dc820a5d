"""What a backup sees of a workspace: Deita's databases as copies, everything else as it is."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from deita_hub.backing_up.workspace_view import INSIDE, make_view


def put(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def database(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t AS SELECT 1 AS a")
    return connection


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


def test_what_people_keep_is_kept_whatever_its_name(workspace: Path) -> None:
    """A person's folder `cache`, `poetry.lock` and a file that calls itself a database are theirs."""
    names = ("cache/a", "spool/b", "view/c", "incoming/d", "poetry.lock", "e-wal", "no.sqlite", ".hidden/f", "g h ü")
    for name in names:
        put(workspace / "notebooks" / name, name)
    make_view(workspace)
    for name in names:
        kept = workspace / INSIDE / "notebooks" / name
        assert kept.read_text() == name
        assert kept.stat().st_ino == (workspace / "notebooks" / name).stat().st_ino, "a link, no copy"


def test_what_deita_makes_again_is_left_out(workspace: Path) -> None:
    for name in ("incoming/1/x", "cache/x", "view/names/x", "upkeep.lock", "people/me/spool/x", "people/me/y.lock"):
        put(workspace / name)
    put(workspace / "files" / "ab" / "abc")
    make_view(workspace)
    view = workspace / INSIDE
    assert sorted(str(path.relative_to(view)) for path in view.rglob("*") if path.is_file()) == ["files/ab/abc"]


def test_databases_are_copied_with_what_others_committed_last(workspace: Path) -> None:
    open_ones = [database(workspace / name) for name in ("workspace.sqlite", "lake.sqlite", "people/me/history.sqlite")]
    make_view(workspace)
    for name in ("workspace.sqlite", "lake.sqlite", "people/me/history.sqlite"):
        copy = sqlite3.connect(workspace / INSIDE / name)
        assert copy.execute("SELECT a FROM t").fetchall() == [(1,)]
        copy.close()
    assert not list((workspace / INSIDE).rglob("*-wal"))
    for connection in open_ones:
        connection.execute("INSERT INTO t VALUES (2)")  # nobody holds a lock any more
        connection.close()


def test_links_stay_links_and_pipes_are_not_waited_for(workspace: Path, tmp_path: Path) -> None:
    secret = put(tmp_path / "secret", "secret")
    (workspace / "notebooks").mkdir(parents=True)
    (workspace / "notebooks" / "link").symlink_to(secret)
    (workspace / "folder").symlink_to(tmp_path)
    os.mkfifo(workspace / "notebooks" / "pipe")
    make_view(workspace)
    view = workspace / INSIDE
    assert (view / "notebooks" / "link").is_symlink() and (view / "folder").is_symlink()
    assert not (view / "notebooks" / "pipe").exists()


def test_what_a_killed_backup_left_is_replaced(workspace: Path) -> None:
    put(workspace / INSIDE / "old")
    put(workspace / "notebooks" / "new")
    make_view(workspace)
    assert [path.name for path in (workspace / INSIDE).rglob("*") if path.is_file()] == ["new"]
