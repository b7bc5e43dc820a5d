"""What a workspace database on PostgreSQL must bear: a restart, an outage, another writer that does not end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from deita_server.database import database as module
from deita_server.database.postgres import LOCK
from deita_server.errors import DeitaError

from tests.servers.postgres import PostgresServer, running_postgres

from .backends import add_one, count, login_of, opened, postgres_backend


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of this module's own: it is restarted."""
    with running_postgres() as found:
        yield found


async def test_the_pool_heals_after_an_immediate_restart(server: PostgresServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PATIENCE_S", 60.0)
    database = await opened(postgres_backend(login_of(server)))
    await database.write(add_one)
    await asyncio.to_thread(server.restart)
    assert await database.read(count) == 1
    await asyncio.to_thread(server.restart)
    assert await database.write(add_one) == 2
    database.close()


async def test_a_server_that_stays_away_is_storage_unavailable(server: PostgresServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0.3)
    database = await opened(postgres_backend(login_of(server)))
    await asyncio.to_thread(server.stop)
    with pytest.raises(DeitaError) as refused:
        await database.read(count)
    assert refused.value.code == "storage_unavailable"
    await asyncio.to_thread(server.start)
    assert await database.read(count) == 0
    database.close()


async def test_who_waits_too_long_for_another_writer_is_told_that_it_is_busy(server: PostgresServer):
    login = login_of(server)
    database = await opened(postgres_backend(login))
    with psycopg.connect(login.url, options=f"-c search_path={login.schema}") as other:
        other.execute(LOCK)
        with pytest.raises(DeitaError) as refused:
            await database.write(add_one)
    assert refused.value.code == "workspace_busy"
    assert await database.write(add_one) == 1
    database.close()
