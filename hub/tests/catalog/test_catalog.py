"""The catalog in a real SQLite file and in a real PostgreSQL."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from deita_hub.catalog import connections, members, people, workspaces
from deita_hub.catalog.database import Catalog, new_id, now
from deita_hub.catalog.models import AuditEntry, Base
from deita_hub.catalog.workspaces import Draft, KeyReusedError, SlugTakenError

pytestmark = pytest.mark.backends


@pytest.fixture
def url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if backend == "embedded":
        return f"sqlite:///{tmp_path}/catalog.sqlite"
    return str(request.getfixturevalue("postgres").database())


@pytest.fixture
def catalog(url: str) -> Iterator[Catalog]:
    found = Catalog(url)
    found.migrate()
    with found.write() as session:
        people.ensure_person(session, "me", admin=True)
        people.ensure_person(session, "ana")
    yield found
    found.close()


def test_the_migrations_make_exactly_the_tables_of_the_models(catalog: Catalog) -> None:
    with catalog.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_migrating_again_and_at_the_same_time_changes_nothing(catalog: Catalog) -> None:
    threads = [threading.Thread(target=catalog.migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with catalog.read() as session:
        assert [person.name for person in people.people(session)] == ["ana", "me"]


def test_of_two_at_the_same_time_only_one_gets_in_by_a_link(catalog: Catalog) -> None:
    with catalog.write() as session:
        token = people.make_link(session, "me")
    got: list[str | None] = []

    def use() -> None:
        with catalog.write() as session:
            got.append(people.use_link(session, token))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got, key=str) == [None] * 7 + ["me"]


def test_an_expired_or_unknown_link_is_no_good(catalog: Catalog) -> None:
    with catalog.write() as session:
        token = people.make_link(session, "me", timedelta(seconds=-1))
        assert people.use_link(session, token) is None
        assert people.use_link(session, "x" * 43) is None


def test_open_links_of_one_person_are_bounded(catalog: Catalog) -> None:
    with catalog.write() as session:
        tokens = [people.make_link(session, "me") for _ in range(people.MOST_OPEN_LINKS + 5)]
        assert people.use_link(session, tokens[0]) is None
        assert people.use_link(session, tokens[-1]) == "me"


def test_a_taken_slug_is_numbered_unless_it_was_asked_for(catalog: Catalog) -> None:
    with catalog.write() as session:
        slugs = [workspaces.create(session, "me", Draft("Sales")).slug for _ in range(3)]
        assert slugs == ["sales", "sales-2", "sales-3"]
        with pytest.raises(SlugTakenError):
            workspaces.create(session, "ana", Draft("Mine", slug="sales"))


def test_the_same_key_has_one_effect(catalog: Catalog) -> None:
    with catalog.write() as session:
        first, fresh = workspaces.create_once(session, "me", Draft("Sales"), "key", "print")
        again, repeated = workspaces.create_once(session, "me", Draft("Sales"), "key", "print")
        assert (first.id, fresh, repeated) == (again.id, True, False)
        with pytest.raises(KeyReusedError):
            workspaces.create_once(session, "me", Draft("Other"), "key", "another print")
        assert workspaces.create_once(session, "ana", Draft("Sales"), "key", "print")[1]


def test_a_deleted_workspace_is_found_by_restore_only_and_keeps_its_slug(catalog: Catalog) -> None:
    with catalog.write() as session:
        workspace = workspaces.create(session, "me", Draft("Sales"))
        workspaces.mark_deleted(session, workspace, by="me")
        session.flush()
        assert workspaces.membership(session, "me", "sales") is None
        assert workspaces.membership(session, "me", "sales", deleted=True) is not None
        assert workspaces.create(session, "me", Draft("Sales")).slug == "sales-2"
        assert list(workspaces.purgeable(session)) == []
        workspace.deleted_at = now() - timedelta(days=31)
        session.flush()
        assert [each.id for each in workspaces.purgeable(session)] == [workspace.id]
        workspaces.remove(session, workspace.id)
        assert workspaces.create(session, "me", Draft("Sales")).slug == "sales"


def test_pages_go_on_where_the_last_one_ended(catalog: Catalog) -> None:
    with catalog.write() as session:
        made = [workspaces.create(session, "me", Draft(f"W {number}")).id for number in range(5)]
        workspaces.create(session, "ana", Draft("Hers"))
        first = workspaces.memberships(session, "me", limit=3)
        second = workspaces.memberships(session, "me", after=first[-1].workspace.id, limit=3)
    assert [each.workspace.id for each in [*first, *second]] == sorted(made)


def test_a_failure_is_kept_until_the_next_start(catalog: Catalog) -> None:
    with catalog.write() as session:
        workspace = workspaces.create(session, "me", Draft("Sales"))
        workspaces.record_failure(session, workspace.id, "me", "first")
        workspaces.record_failure(session, workspace.id, "me", "second")
    with catalog.read() as session:
        found = workspaces.membership(session, "me", "sales")
        assert found is not None and found.failure is not None and found.failure.message == "second"
    with catalog.write() as session:
        workspaces.clear_failure(session, workspace.id, "me")
        found = workspaces.membership(session, "me", "sales")
        assert found is not None and found.failure is None


def test_what_was_done_is_written_down(catalog: Catalog) -> None:
    with catalog.write() as session:
        workspace = workspaces.create(session, "me", Draft("Sales"))
        members.add(session, workspace, "ana", "editor", by="me")
        session.flush()
        actions = [entry.action for entry in session.query(AuditEntry).order_by(AuditEntry.id)]
    assert sorted(actions) == ["member.add", "workspace.create"]


def test_ids_are_opaque_short_and_differ() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {len(each) for each in ids} == {26}


def test_connections_are_bounded_lead_elsewhere_with_a_password_only_and_go_with_their_workspace(
    catalog: Catalog,
) -> None:
    leads = connections.Place("db.example.org", 5432, "crm", "reader", "prefer")

    def seal(password: str, connection_id: str) -> str:
        return f"{connection_id}:{password}"

    with catalog.write() as session:
        workspace = workspaces.create(session, "me", Draft("Shop"))
        for number in range(connections.MOST):
            draft = connections.Draft(f"c{number:02}", password="x")
            connections.add(session, workspace, draft, leads, seal, by="me")
        with pytest.raises(connections.TooManyConnectionsError):
            connections.add(session, workspace, connections.Draft("more"), leads, seal, by="me")
        with pytest.raises(connections.ConnectionExistsError):
            connections.add(session, workspace, connections.Draft("c01"), leads, seal, by="me")
    with catalog.write() as session:
        workspace = workspaces.membership(session, "me", "shop").workspace  # type: ignore[union-attr]
        with pytest.raises(connections.PasswordNeededError):
            connections.change(session, workspace, connections.Draft("c01", port=1), seal, by="ana")
        moved = connections.change(session, workspace, connections.Draft("c01", port=1, password="y"), seal, by="ana")
        assert (moved.port, moved.secret, moved.changed_by) == (1, f"{moved.id}:y", "ana")
        connections.remove(session, workspace, "c02", by="me")
        with pytest.raises(connections.NoConnectionError):
            connections.found(session, workspace.id, "c02")
        assert connections.reseal(session, str.upper) == connections.MOST - 1
        workspaces.mark_deleted(session, workspace, by="me")
        workspaces.remove(session, workspace.id)
    with catalog.read() as session:
        assert connections.count(session) == 0
