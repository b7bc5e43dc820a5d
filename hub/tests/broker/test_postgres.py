"""What a workspace's login at PostgreSQL can reach, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import psycopg
import pytest
from deita_hub.broker import postgres as module
from deita_hub.broker.databases import DatabaseCredentials
from deita_hub.broker.postgres import PostgresDatabases
from deita_hub.broker.storage import IssueFailedError
from deita_hub.catalog.database import Catalog, new_id
from psycopg import errors

from tests.servers.postgres import PostgresServer

ROLES = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'workspace%%' AND rolname LIKE %s"


@pytest.fixture(scope="module")
def url(postgres: PostgresServer) -> str:
    """A database with a catalog in it, of which workspaces must see nothing."""
    url = postgres.database()
    catalog = Catalog(url.replace("postgresql:", "postgresql+psycopg:"))
    catalog.migrate()
    catalog.close()
    return url


@pytest.fixture(scope="module")
def databases(url: str) -> PostgresDatabases:
    return PostgresDatabases(url.replace("postgresql:", "postgresql+psycopg:"))


def connect(issued: DatabaseCredentials) -> psycopg.Connection:
    assert issued.url is not None
    return psycopg.connect(issued.url, options=f"-c search_path={issued.schema}", autocommit=True)


def test_a_writer_makes_tables_that_every_login_of_the_workspace_can_change(databases: PostgresDatabases) -> None:
    workspace = new_id()
    mine, hers = databases.issue(workspace, "me", "write"), databases.issue(workspace, "ana", "write")
    with connect(mine) as first, connect(hers) as second:
        first.execute("CREATE TABLE a AS SELECT 1 AS x")
        second.execute("INSERT INTO a VALUES (2)")
        second.execute("ALTER TABLE a ADD COLUMN y int")
        first.execute(f"CREATE TABLE {mine.lake_schema}.b ()")
        owners = first.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE tablename IN ('a', 'b')").fetchall()
    assert owners == [(f"workspace_{workspace}",)]


def test_a_reader_reads_what_was_made_before_and_after_and_changes_nothing(databases: PostgresDatabases) -> None:
    workspace = new_id()
    with connect(databases.issue(workspace, "me", "write")) as writer:
        writer.execute("CREATE TABLE before AS SELECT 1 AS x")
        issued = databases.issue(workspace, "dash-shop", "read")
        writer.execute(f"CREATE TABLE {issued.lake_schema}.after AS SELECT 2 AS x")
    with connect(issued) as reader:
        assert reader.execute(f"SELECT x FROM before UNION ALL SELECT x FROM {issued.lake_schema}.after").fetchall()
        reader.execute("SET default_transaction_read_only = off")
        for statement in ("INSERT INTO before VALUES (3)", "CREATE TABLE mine ()", "DROP TABLE before"):
            with pytest.raises(errors.InsufficientPrivilege):
                reader.execute(statement)
        with pytest.raises(errors.InsufficientPrivilege):
            reader.execute(f"SET ROLE workspace_{workspace}")


def test_nothing_of_the_catalog_and_of_other_workspaces_can_be_reached(databases: PostgresDatabases) -> None:
    other = databases.issue(new_id(), "me", "write")
    with connect(other) as connection:
        connection.execute("CREATE TABLE secret AS SELECT 1 AS x")
    tries = [
        f"SELECT * FROM {other.schema}.secret",
        f"CREATE TABLE {other.lake_schema}.mine ()",
        f"SET ROLE {other.schema}",
        "SELECT * FROM deita.people",
        "SELECT rolpassword FROM pg_authid",
        "SELECT pg_read_file('PG_VERSION')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "CREATE SCHEMA mine",
        "CREATE TABLE public.mine ()",
        "CREATE ROLE mine",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    ]
    with connect(databases.issue(new_id(), "me", "write")) as connection:
        connection.execute("SET ROLE NONE")
        for statement in tries:
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(statement)


def test_a_login_ends_within_the_hour_and_is_swept_with_its_sessions(
    databases: PostgresDatabases, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = new_id()
    monkeypatch.setattr(module, "LIFETIME", timedelta(minutes=-20))
    old = databases.issue(workspace, "me", "write")
    monkeypatch.undo()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(old)
    new = databases.issue(workspace, "me", "write")
    assert new.expires_at is not None
    assert timedelta(minutes=50) < new.expires_at - datetime.now(UTC) <= timedelta(hours=1)
    with psycopg.connect(url) as connection:
        assert len(connection.execute(ROLES, [f"%{workspace}%"]).fetchall()) == 3


def test_who_is_revoked_loses_sessions_and_login_and_nobody_else(databases: PostgresDatabases) -> None:
    workspace = new_id()
    hers, mine = databases.issue(workspace, "ana", "write"), databases.issue(workspace, "me", "write")
    with connect(mine) as staying:
        going = connect(hers)
        databases.revoke(workspace, "ana")
        with pytest.raises(psycopg.OperationalError):
            going.execute("SELECT 1")
        going.close()
        with pytest.raises(psycopg.OperationalError):
            connect(hers)
        assert staying.execute("SELECT 1").fetchall() == [(1,)]


def test_nothing_is_left_of_a_dropped_workspace_and_it_can_be_dropped_twice(
    databases: PostgresDatabases, url: str
) -> None:
    workspace = new_id()
    issued = databases.issue(workspace, "me", "write")
    databases.issue(workspace, "dash-shop", "read")
    with connect(issued) as connection:
        connection.execute(f"CREATE TABLE a (); CREATE TABLE {issued.lake_schema}.b ()")
        connection.execute(f"SET ROLE NONE; CREATE TABLE {issued.lake_schema}.stray ()")
    databases.drop(workspace)
    databases.drop(workspace)
    with psycopg.connect(url) as connection:
        assert connection.execute(ROLES, [f"%{workspace}%"]).fetchall() == []
        assert (
            connection.execute("SELECT 1 FROM pg_namespace WHERE nspname LIKE %s", [f"%{workspace}"]).fetchall() == []
        )


def test_a_database_that_is_away_is_told_without_its_address(postgres: PostgresServer) -> None:
    away = PostgresDatabases(f"postgresql+psycopg://deita:geheim@127.0.0.1:{postgres.port}/none")
    with pytest.raises(IssueFailedError) as refused:
        away.issue(new_id(), "me", "write")
    assert "geheim" not in str(refused.value) and "127" not in str(refused.value)


def test_a_workspace_that_another_database_of_the_server_knows_gets_its_schemas(
    databases: PostgresDatabases, url: str, postgres: PostgresServer
) -> None:
    workspace = new_id()
    databases.issue(workspace, "me", "write")
    name = f"second_{workspace}"
    with psycopg.connect(postgres.url(), autocommit=True) as superuser:
        superuser.execute(f"CREATE DATABASE {name} OWNER {urlsplit(url).username}")
    second = PostgresDatabases(urlsplit(url)._replace(path=f"/{name}").geturl())
    with connect(second.issue(workspace, "me", "write")) as writer:
        writer.execute("CREATE TABLE a AS SELECT 1 AS x")
        assert writer.execute("SELECT x FROM a").fetchall() == [(1,)]
