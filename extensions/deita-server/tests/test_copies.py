"""Copies of SQLite files for readers that may not write beside them, and the reader of the workspace database's."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from deita_server import copies as module
from deita_server.copies import NAMES, Copies, TooLargeError
from deita_server.database.database import Database
from deita_server.database.sqlite import SqliteBackend, SqliteCopies
from deita_server.errors import DeitaError

from .database.backends import add_one, count, opened
from .workspace_server import RunningServer

WORKSPACE, LAKE = NAMES


@pytest.fixture
def source(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database in WAL mode that somebody writes."""
    with contextlib.closing(sqlite3.connect(tmp_path / WORKSPACE, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (x)")
        yield connection


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "copies").mkdir()
    return tmp_path / "copies"


def rows(path: Path) -> list[int]:
    """What a reader finds that could not write anywhere."""
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as reader:
        return [row[0] for row in reader.execute("SELECT x FROM t")]


def test_a_copy_has_what_was_committed_and_needs_no_file_beside_it(
    tmp_path: Path, source: sqlite3.Connection, target: Path
):
    copies = Copies(tmp_path, target)
    for number in range(3):
        source.execute("INSERT INTO t VALUES (?)", [number])
        copies.renew()
        assert rows(target / WORKSPACE) == list(range(number + 1))
    assert [path.name for path in target.iterdir()] == [WORKSPACE]
    copies.close()


def test_nothing_is_copied_when_nothing_was_committed(tmp_path: Path, source: sqlite3.Connection, target: Path):
    copies = Copies(tmp_path, target)

    def number() -> int:
        copies.renew()
        return (target / WORKSPACE).stat().st_mtime_ns

    first = number()
    assert number() == first
    source.execute("INSERT INTO t VALUES (1)")
    assert number() != first
    copies.close()


def test_a_reader_in_the_middle_keeps_its_file(tmp_path: Path, source: sqlite3.Connection, target: Path):
    copies = Copies(tmp_path, target)
    source.execute("INSERT INTO t VALUES (1)")
    copies.renew()
    with contextlib.closing(sqlite3.connect(f"file:{target / WORKSPACE}?mode=ro&immutable=1", uri=True)) as reader:
        source.execute("INSERT INTO t VALUES (2)")
        copies.renew()
        assert reader.execute("SELECT x FROM t").fetchall() == [(1,)]
    assert rows(target / WORKSPACE) == [1, 2]
    copies.close()


def test_another_file_of_the_name_is_copied_and_one_that_is_gone_leaves_no_copy(
    tmp_path: Path, source: sqlite3.Connection, target: Path
):
    copies = Copies(tmp_path, target)
    copies.renew()
    with contextlib.closing(sqlite3.connect(tmp_path / "restored", isolation_level=None)) as restored:
        restored.execute("CREATE TABLE t (x)")
        restored.execute("INSERT INTO t VALUES (9)")
    for tail in ("-wal", "-shm"):
        (tmp_path / f"{WORKSPACE}{tail}").unlink()
    (tmp_path / "restored").replace(tmp_path / WORKSPACE)
    copies.renew()
    assert rows(target / WORKSPACE) == [9]
    (tmp_path / WORKSPACE).unlink()
    copies.renew()
    assert list(target.iterdir()) == []
    copies.close()


def test_what_is_no_database_or_too_large_is_said_and_tried_again(
    tmp_path: Path, source: sqlite3.Connection, target: Path, monkeypatch: pytest.MonkeyPatch
):
    copies = Copies(tmp_path, target)
    (tmp_path / LAKE).write_text("no database, and long enough to be looked at " * 100)
    with pytest.raises(sqlite3.DatabaseError):
        copies.renew()
    (tmp_path / LAKE).unlink()
    monkeypatch.setattr(module, "MOST_BYTES", 100)
    with pytest.raises(TooLargeError):
        copies.renew()
    assert list(target.glob("*.sqlite")) == []
    monkeypatch.setattr(module, "MOST_BYTES", 10**6)
    copies.renew()
    assert rows(target / WORKSPACE) == []
    copies.close()


def test_the_program_says_a_problem_once_and_ends_with_its_input(
    tmp_path: Path, source: sqlite3.Connection, target: Path
):
    (tmp_path / LAKE).write_text("no database, and long enough to be looked at " * 100)
    command = [sys.executable, "-P", "-m", "deita_server.copies", str(tmp_path), str(target)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdin is not None
        assert running.stderr is not None
        assert "cannot be copied" in running.stderr.readline()
        (tmp_path / LAKE).unlink()
        RunningServer.wait_until((target / WORKSPACE).exists, 60)
        source.execute("INSERT INTO t VALUES (1)")
        RunningServer.wait_until(lambda: rows(target / WORKSPACE) == [1], 60)
        running.stdin.close()
        assert running.wait(60) == 0
        assert running.stderr.read() == ""


async def test_a_transaction_sees_the_copy_that_was_there_when_it_began(tmp_path: Path, target: Path):
    written = await opened(SqliteBackend(tmp_path / WORKSPACE))
    await written.write(add_one)
    copies = Copies(tmp_path, target)
    copies.renew()
    read = Database(SqliteCopies(target / WORKSPACE), read_only=True)
    await read.prepare()
    await asyncio.to_thread(read.open)
    assert await read.read(count) == 1
    await written.write(add_one)

    def look(session: object) -> tuple[int, int]:
        first = count(session)  # type: ignore[arg-type]
        copies.renew()
        copies.close()
        session.expire_all()  # type: ignore[attr-defined]
        return first, count(session)  # type: ignore[arg-type]

    copies.close()  # SQLite's connections stay in their thread
    assert await read.read(look) == (1, 1)
    assert await read.read(count) == 2
    with pytest.raises(DeitaError) as refused:
        await read.write(add_one)
    assert refused.value.code == "read_only"
    read.close()
    written.close()


async def test_a_copy_that_does_not_come_is_storage_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("deita_server.database.sqlite.COPY_S", 0.1)
    with pytest.raises(DeitaError) as refused:
        await SqliteCopies(tmp_path / WORKSPACE).prepare()
    assert refused.value.code == "storage_unavailable"
