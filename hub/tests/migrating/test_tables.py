"""Rows from SQLite to PostgreSQL: all of them, as they were, once; and what is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from deita_hub.catalog import people, workspaces
from deita_hub.catalog.database import Catalog
from deita_hub.catalog.workspaces import Draft
from deita_hub.database_urls import CATALOG
from deita_hub.migrating import tables
from deita_hub.migrating.errors import MigrationError

from tests.filled import counts, fill
from tests.servers.postgres import PostgresServer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A catalog with a row in every table, and two workspaces more."""
    catalog = Catalog(f"sqlite:///{tmp_path / 'catalog.sqlite'}")
    catalog.migrate()
    with catalog.engine.execution_options(deita_write=True).begin() as connection:
        fill(connection)
    with catalog.write() as session:
        people.ensure_person(session, "ana", admin=True)
        for name in ("Größe", "Two"):
            workspaces.create(session, "ana", Draft(name))
    catalog.close()
    return tmp_path / "catalog.sqlite"


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    url = postgres.database()
    catalog = Catalog(url)
    catalog.migrate()
    catalog.close()
    return url


def copied(file: Path, url: str) -> dict[str, int]:
    with tables.source(file) as rows, tables.target(url, CATALOG) as into:
        return tables.copy(rows, into)


def test_all_rows_arrive_as_they_were_and_once(file: Path, url: str) -> None:
    first = copied(file, url)
    assert first["workspaces"] == 3 and all(first.values())
    assert copied(file, url) == first
    old, new = Catalog(f"sqlite:///{file}"), Catalog(url)
    with old.engine.connect() as here, new.engine.connect() as there:
        assert counts(here) == counts(there) == first
    with old.read() as here, new.read() as there:
        ours, theirs = (workspaces.memberships(session, "ana") for session in (here, there))
        assert [(each.role, each.workspace.name, each.workspace.created_at) for each in ours] == [
            (each.role, each.workspace.name, each.workspace.created_at) for each in theirs
        ]
        assert [person.admin for person in people.people(there)] == [person.admin for person in people.people(here)]
    old.close()
    new.close()


def test_only_some_rows_can_be_taken(file: Path, url: str) -> None:
    with tables.source(file) as rows, tables.target(url, CATALOG) as into:
        slugs = [row[0] for row in rows.execute("SELECT slug FROM workspaces")]

        def only(table: sa.Table) -> tuple[str, list[str]]:
            chosen = {"workspaces": "slug = ?", "members": "workspace_id IN (SELECT id FROM workspaces WHERE slug = ?)"}
            others = ("server_failures", "idempotency_keys", "connections")
            return ("0", []) if table.name in others else (chosen.get(table.name, "? <> ''"), slugs[:1])

        assert tables.copy(rows, into, only)["workspaces"] == 1


def test_another_revision_is_named_and_refused(file: Path, url: str) -> None:
    _change(file, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(MigrationError, match="revision 0000") as refused:
        copied(file, url)
    assert refused.value.code == "revision_differs"


def test_a_table_that_only_one_side_has_is_named_and_refused(file: Path, url: str) -> None:
    _change(file, "CREATE TABLE more (a)")
    with pytest.raises(MigrationError, match="more"):
        copied(file, url)


def test_what_postgresql_cannot_hold_is_refused_and_nothing_stays(file: Path, url: str) -> None:
    _change(file, "UPDATE workspaces SET name = 'a' || char(0)")
    with pytest.raises(MigrationError) as refused:
        copied(file, url)
    assert refused.value.code == "database_refused"
    catalog = Catalog(url)
    with catalog.engine.connect() as connection:
        assert not any(counts(connection).values())
    catalog.close()


def test_numbers_go_on_after_those_that_came_along(tmp_path: Path, postgres: PostgresServer) -> None:
    url = postgres.database()
    _change(tmp_path / "a.sqlite", "CREATE TABLE things (id INTEGER PRIMARY KEY, at TEXT, known TEXT)")
    moment = "2026-01-02 03:04:05.05+00"
    _change(tmp_path / "a.sqlite", f"INSERT INTO things VALUES (7, '{moment}', 'null'), (8, NULL, NULL)")
    with tables.target(url, "public") as into:
        into.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS public")
        into.exec_driver_sql("CREATE TABLE things (id serial PRIMARY KEY, at timestamptz, known json)")
    with tables.source(tmp_path / "a.sqlite") as rows, tables.target(url, "public") as into:
        assert tables.copy(rows, into) == {"things": 2}
        found = into.exec_driver_sql("INSERT INTO things (at) VALUES (NULL) RETURNING id").scalar()
        assert found == 9
        assert into.exec_driver_sql("SELECT at = %s FROM things WHERE id = 7", (moment,)).scalar()


def _change(file: Path, sql: str) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(sql)
    connection.close()
