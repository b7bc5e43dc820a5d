"""A database as somebody outside has one: every type that matters, and a role that may read most of it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.servers.postgres import PostgresServer

TYPES = """
CREATE TYPE mood AS ENUM ('calm', 'wild');
CREATE TABLE kinds (b bool, i2 int2, i8 int8, f8 float8, free numeric, exact numeric(20,4), nan numeric(10,2), t text,
  c char(4), j jsonb, u uuid, raw bytea, d date, ever date, ti time, ts timestamp, tz timestamptz, iv interval, a int[],
  m mood, ip inet, "Odd ""Name" text);
INSERT INTO kinds VALUES
 (true, 1, 9223372036854775807, 'NaN', 123.4567890, 1234567890123456.1234, 'NaN', '', 'ab', '{"a": [1]}',
  'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\\xdeadbeef', '2026-01-02', 'infinity', '12:34:56.789',
  '9999-12-31 23:59:59', '2026-01-02 03:04:05+02', '1 year 2 days', '{1,NULL,3}', 'calm', '10.0.0.1/8',
  E'ü€😀,"\\n\\\\N'),
 (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL);
CREATE TABLE orders (id int PRIMARY KEY, placed timestamptz, amount numeric(10,2), customer text);
INSERT INTO orders SELECT n, '2026-01-01'::timestamptz + n * interval '1 minute', n * 1.25, 'customer ' || n % 7
  FROM generate_series(1, 5000) n;
ANALYZE orders;
CREATE VIEW late AS SELECT * FROM orders WHERE id > 4000;
CREATE TABLE salaries (who text);
CREATE FUNCTION spoil() RETURNS int LANGUAGE sql AS 'DELETE FROM orders; SELECT 1';
"""


@dataclass(frozen=True)
class Foreign:
    """The database, and a login that reads all of it but `salaries`."""

    server: PostgresServer
    database: str
    user: str
    password: str = field(repr=False)

    @property
    def connection(self) -> dict[str, Any]:
        """What a connection is made of."""
        leads = {"host": "127.0.0.1", "port": self.server.port, "database": self.database, "user": self.user}
        return {**leads, "password": self.password}

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run something as its owner."""
        with psycopg.connect(self.server.url(self.database), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def running(self) -> list[str]:
        """The statements that the login runs now."""
        sql = f"SELECT query FROM pg_stat_activity WHERE usename = '{self.user}' AND state = 'active'"
        return [row[0] for row in self.run(sql)]


def foreign_database(server: PostgresServer) -> Foreign:
    """A new one on this server."""
    name, password = f"foreign_{secrets.token_hex(4)}", f"canary-{secrets.token_hex(16)}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
    found = Foreign(server, name, name, password)
    found.run(TYPES)
    found.run(f"GRANT SELECT ON kinds, orders, late TO {name}")
    return found
