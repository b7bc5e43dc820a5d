"""The tests' PostgreSQL itself."""

import psycopg
import pytest

from tests.servers.postgres import PostgresServer, running_postgres


def test_a_database_of_ones_own_is_closed_to_others(postgres: PostgresServer) -> None:
    mine, other = postgres.database(), postgres.database()
    with psycopg.connect(mine) as connection:
        assert connection.execute("SHOW fsync").fetchall() == [("on",)]
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(mine, dbname=other.rsplit("/", 1)[1])


def test_what_was_committed_survives_an_immediate_restart() -> None:
    with running_postgres() as server:
        with psycopg.connect(server.url()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS a")
        server.restart()
        with psycopg.connect(server.url()) as connection:
            assert connection.execute("SELECT a FROM kept").fetchall() == [(1,)]
