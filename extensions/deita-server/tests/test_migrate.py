"""A database is brought up to date by somebody else for a server that may only read it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from deita_server.database import database as module
from deita_server.database.database import Database
from deita_server.database.sqlite import SqliteBackend
from deita_server.errors import DeitaError

from tests.servers.postgres import PostgresServer

from .database.backends import count, login_of, postgres_backend


def migrate(folder: Path, issued: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "deita_server.migrate", str(folder)]
    line = json.dumps(issued) + "\n"
    return subprocess.run(command, input=line, capture_output=True, text=True, check=False, timeout=120)


async def test_who_may_only_read_waits_until_the_database_is_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    read = Database(SqliteBackend(tmp_path / "workspace.sqlite"), read_only=True)
    monkeypatch.setattr(module, "PATIENCE_S", 0.2)
    with pytest.raises(DeitaError) as refused:
        await asyncio.to_thread(read.open)
    assert refused.value.code == "workspace_outdated"
    monkeypatch.setattr(module, "PATIENCE_S", 60.0)
    waiting = asyncio.create_task(asyncio.to_thread(read.open))
    done = await asyncio.to_thread(migrate, tmp_path, {"kind": "sqlite"})
    assert (done.returncode, done.stderr) == (0, "")
    await waiting
    assert await read.read(count) == 0
    read.close()


async def test_a_schema_of_postgresql_is_brought_up_to_date(tmp_path: Path, postgres: PostgresServer):
    login = login_of(postgres)
    issued = {"kind": "postgresql", "url": login.url, "schema": login.schema, "lake_schema": login.lake_schema}
    done = await asyncio.to_thread(migrate, tmp_path, issued)
    assert (done.returncode, done.stderr) == (0, "")
    read = Database(postgres_backend(login), read_only=True)
    await read.prepare()
    await asyncio.to_thread(read.open)
    assert await read.read(count) == 0
    read.close()


def test_a_database_that_does_not_answer_is_said_without_a_secret(tmp_path: Path):
    url = "postgresql://somebody:planted-password@127.0.0.1:1/nowhere"
    done = migrate(tmp_path, {"kind": "postgresql", "url": url, "schema": "a", "lake_schema": "b"})
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "planted-password" not in done.stderr
