"""What every workspace database promises: one writer at a time, readers of one moment, known errors."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from deita_server.database import models as rows
from deita_server.database.database import Database
from deita_server.errors import DeitaError
from sqlalchemy.orm import Session

from .backends import add_one, backend_of, count, opened

pytestmark = pytest.mark.backends


@pytest.fixture
async def two(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[tuple[Database, Database]]:
    """Two servers' doors to one workspace database."""
    place = backend_of(backend, tmp_path, request)
    doors = await opened(place), await opened(place)
    yield doors
    for door in doors:
        await asyncio.to_thread(door.close)


async def test_nothing_is_lost_when_two_servers_write_at_the_same_time(two: tuple[Database, Database]):
    await asyncio.gather(*(database.write(add_one) for _ in range(20) for database in two))
    assert await two[0].read(count) == 40


async def test_a_reader_sees_one_moment_while_others_write(two: tuple[Database, Database]):
    await two[0].write(add_one)
    began, written = threading.Event(), threading.Event()

    def look(session: Session) -> tuple[int, int]:
        first = count(session)
        began.set()
        assert written.wait(30)
        session.expire_all()
        return first, count(session)

    looking = asyncio.create_task(two[1].read(look))
    await asyncio.to_thread(began.wait, 30)
    await two[0].write(add_one)
    written.set()
    assert await looking == (1, 1)
    assert await two[1].read(count) == 2


async def test_what_fails_leaves_nothing(two: tuple[Database, Database]):
    def fail(session: Session) -> None:
        add_one(session)
        session.flush()
        raise DeitaError("conflict", "no")

    with pytest.raises(DeitaError):
        await two[0].write(fail)
    assert await two[1].read(count) == 0


async def test_numbers_may_be_larger_than_four_bytes(two: tuple[Database, Database]):
    await two[0].write(lambda session: session.add(rows.Mark(name="count", value=2**40)))
    assert await two[1].read(count) == 2**40
