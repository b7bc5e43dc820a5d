"""What a catalog on PostgreSQL must bear: lost connections, a restart, a writer that holds the lock."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from deita_hub.catalog import database, people
from deita_hub.catalog.database import Catalog
from sqlalchemy.exc import OperationalError

from tests.servers.postgres import PostgresServer, running_postgres


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of this module's own: it is restarted."""
    with running_postgres() as found:
        yield found


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recovery syncs the whole cluster, which may take long on a busy disk."""
    monkeypatch.setattr(database, "PATIENCE_SECONDS", 60.0)


@pytest.fixture
def catalog(server: PostgresServer) -> Iterator[Catalog]:
    found = Catalog(server.database())
    found.migrate()
    yield found
    found.close()


def names(catalog: Catalog) -> list[str]:
    with catalog.read() as session:
        return [person.name for person in people.people(session)]


def test_the_pool_heals_after_an_immediate_restart(catalog: Catalog, server: PostgresServer) -> None:
    with catalog.write() as session:
        people.ensure_person(session, "me")
    server.restart("immediate")
    assert names(catalog) == ["me"]
    server.restart("immediate")
    with catalog.write() as session:
        people.ensure_person(session, "ana")
    assert names(catalog) == ["ana", "me"]


def test_a_transaction_waits_for_a_server_that_is_being_restarted(catalog: Catalog, server: PostgresServer) -> None:
    server.stop("immediate")
    starting = threading.Thread(target=server.start)
    starting.start()
    assert names(catalog) == []
    starting.join()


def test_what_a_lost_connection_had_begun_is_undone_and_told(catalog: Catalog, server: PostgresServer) -> None:
    with pytest.raises(OperationalError), catalog.write() as session:
        people.ensure_person(session, "me")
        server.restart("immediate")
    assert names(catalog) == []


def test_readers_go_on_while_somebody_writes(catalog: Catalog) -> None:
    with catalog.write() as session:
        people.ensure_person(session, "me")
        assert names(catalog) == []
    assert names(catalog) == ["me"]
