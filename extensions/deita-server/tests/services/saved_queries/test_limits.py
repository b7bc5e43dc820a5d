from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from deita_server.database import models as rows
from deita_server.database.database import Database
from deita_server.errors import DeitaError
from deita_server.services.saved_queries import records
from deita_server.services.saved_queries.records import KEPT_VERSIONS, MOST, Content
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ...database.backends import backend_of

CONTENT = Content("Full", "", "SELECT 1", [], None, [])


pytestmark = pytest.mark.backends


@pytest.fixture
async def database(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    opened = Database(backend_of(backend, tmp_path, request))
    await opened.prepare()
    opened.open()
    yield opened
    opened.close()


def query(slug: str) -> rows.SavedQuery:
    return rows.SavedQuery(slug=slug, version=0, created_at="2026-11-26T00:00:00Z", created_by="me")


async def test_a_workspace_holds_so_many_saved_queries_and_no_more(database: Database):
    def fill(session: Session) -> None:
        session.add_all(query(f"query-{number}") for number in range(MOST - 1))
        records.check_room(session)
        session.add(query("the-last"))

    await database.write(fill)
    with pytest.raises(DeitaError) as caught:
        await database.read(records.check_room)
    assert (caught.value.code, caught.value.details) == ("quota_exceeded", {"limit": MOST})
    await database.write(
        lambda session: records.add(session, records.alive(session, "the-last"), "delete", CONTENT, "me")
    )
    await database.read(records.check_room)


async def test_the_oldest_versions_make_room(database: Database):
    def fill(session: Session) -> None:
        full = query("full")
        for _ in range(KEPT_VERSIONS + 2):
            records.add(session, full, "change", CONTENT, "me")

    await database.write(fill)
    count = await database.read(lambda session: session.scalar(select(func.count(rows.SavedQueryVersion.id))))
    assert count == KEPT_VERSIONS
    with pytest.raises(DeitaError) as caught:
        await database.read(lambda session: records.version_of(session, records.alive(session, "full"), 2))
    assert caught.value.code == "version_expired"
    third = await database.read(lambda session: records.version_of(session, records.alive(session, "full"), 3))
    assert third.version == 3
