"""A workspace's two schemas in PostgreSQL, the roles that may use them, and logins that end within the hour.

The control plane's role owns the schemas. `workspace_<id>` may make and change what lies in them,
`workspace_<id>_reads` may look at it; neither can log in. A login is made for one server: it is a member of one of the
two and acts as it from the start (`SET role`), so that all tables belong to the workspace's role and logins can go. A
fixed login with changing passwords was the other way: two servers of a person would lock each other out, and one's
renewal would end what the other had just been given.

Names of other workspaces' schemas and roles can be seen in PostgreSQL's catalogs by every login; ids say nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier, Literal

from deita_hub import database_urls
from deita_hub.broker.databases import DatabaseCredentials
from deita_hub.broker.storage import Access, IssueFailedError

LIFETIME = timedelta(hours=1)
GRACE = timedelta(minutes=10)
"""After its end a login's sessions have so long to be replaced."""
CONNECTIONS = 24
"""Of one login: a server's pool of four, and the engine's processes."""
SETTINGS = "-c statement_timeout=30s -c lock_timeout=10s -c timezone=UTC"
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('deita roles', 0))"
"""PostgreSQL refuses two changes of one database's privileges at the same time, so that there is only one at a time."""
LOGINS = "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s) AND rolcanlogin"
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY(%s)"
EXPIRED = LOGINS + " AND rolvaliduntil < %s"


class PostgresDatabases:
    """Roles, schemas and logins in the control plane's database."""

    def __init__(self, url: str) -> None:
        self._url = url

    def issue(self, workspace_id: str, person: str, access: Access) -> DatabaseCredentials:
        """A login for one server; roles and schemas are made when the first is wanted."""
        names, password = Names(workspace_id), secrets.token_urlsafe(24)
        ends = datetime.now(UTC) + LIFETIME
        with self._changing() as connection:
            names.make(connection)
            _sweep(connection, names)
            login = names.login(person)
            names.make_login(connection, login, password, ends, access)
        return DatabaseCredentials(
            kind="postgresql",
            url=database_urls.with_login(self._url, login, password),
            schema=names.schema,
            lake_schema=names.lake,
            expires_at=ends,
        )

    def revoke(self, workspace_id: str, person: str | None = None) -> None:
        """End the sessions of a person's logins, or of everybody's, and the logins with them."""
        names = Names(workspace_id)
        with self._changing() as connection:
            _remove(connection, names, names.logins(connection, person))

    def drop(self, workspace_id: str) -> None:
        """Remove the workspace's schemas and roles for good; nothing happens when there are none."""
        names = Names(workspace_id)
        with self._changing() as connection:
            _remove(connection, names, names.logins(connection, None))
            names.drop(connection)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[Connection]:
        """One transaction, the only one that changes roles. Raises IssueFailedError, whose cause holds no secret."""
        try:
            with psycopg.connect(
                database_urls.for_libpq(self._url), options=SETTINGS, connect_timeout=5, application_name="deita-broker"
            ) as connection:
                connection.execute(LOCK)
                yield connection
        except psycopg.Error as error:
            raise IssueFailedError("The workspace's database gives no login.") from error


class Names:
    """What belongs to one workspace, by name."""

    def __init__(self, workspace_id: str) -> None:
        self.schema, self.lake = f"workspace_{workspace_id}", f"lake_{workspace_id}"
        self.role, self.reading = self.schema, f"{self.schema}_reads"

    def login(self, person: str) -> str:
        """A fresh name of a login; who it is for can be told by whoever knows the person."""
        return f"{self._logins_of(person)}{secrets.token_hex(4)}"

    def _logins_of(self, person: str | None) -> str:
        """What the logins of one person begin with, or of everybody."""
        who = "" if person is None else f"{hashlib.sha256(person.encode()).hexdigest()[:12]}_"
        return f"{self.schema}_{who}"

    def logins(self, connection: Connection, person: str | None) -> list[str]:
        """The logins that there are."""
        return [row[0] for row in connection.execute(LOGINS, [self._logins_of(person)]).fetchall()]

    def expired(self, connection: Connection, before: datetime) -> list[str]:
        """The logins that ended before a moment."""
        return [row[0] for row in connection.execute(EXPIRED, [self._logins_of(None), before]).fetchall()]

    def make(self, connection: Connection) -> None:
        """Make roles and schemas unless they are there. Roles belong to all databases of a server, schemas to one."""
        if connection.execute("SELECT to_regnamespace(%s)", [self.lake]).fetchone() != (None,):
            return
        for role in (self.role, self.reading):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(SQL("CREATE ROLE {role}").format(role=Identifier(role)))
        connection.execute(self._filled("GRANT {role}, {reading} TO CURRENT_USER"))
        database = Identifier(connection.info.dbname)
        connection.execute(self._filled("GRANT CONNECT ON DATABASE {database} TO {role}, {reading}", database=database))
        # DuckDB changes rows by way of temporary tables
        connection.execute(self._filled("GRANT TEMPORARY ON DATABASE {database} TO {role}", database=database))
        for schema in (self.schema, self.lake):
            name = Identifier(schema)
            connection.execute(self._filled("CREATE SCHEMA {name}", name=name))
            connection.execute(self._filled("GRANT USAGE, CREATE ON SCHEMA {name} TO {role}", name=name))
            connection.execute(self._filled("GRANT USAGE ON SCHEMA {name} TO {reading}", name=name))
            default = "ALTER DEFAULT PRIVILEGES FOR ROLE {role} IN SCHEMA {name} GRANT SELECT ON TABLES TO {reading}"
            connection.execute(self._filled(default, name=name))

    def make_login(self, connection: Connection, login: str, password: str, ends: datetime, access: Access) -> None:
        """Make a login that acts as one of the roles; its password leaves this process only as a hash."""
        hashed = connection.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256").decode()
        acts_as = Identifier(self.role if access == "write" else self.reading)
        name = Identifier(login)
        connection.execute(
            SQL(
                "CREATE ROLE {name} LOGIN PASSWORD {hashed} VALID UNTIL {ends} CONNECTION LIMIT {limit}"
                " IN ROLE {acts_as} ROLE CURRENT_USER"
            ).format(
                name=name,
                hashed=Literal(hashed),
                ends=Literal(ends.isoformat()),
                limit=Literal(CONNECTIONS),
                acts_as=acts_as,
            )
        )
        connection.execute(SQL("ALTER ROLE {name} SET role = {acts_as}").format(name=name, acts_as=acts_as))
        connection.execute(SQL("ALTER ROLE {name} SET statement_timeout = '60s'").format(name=name))
        if access == "read":
            connection.execute(SQL("ALTER ROLE {name} SET default_transaction_read_only = on").format(name=name))

    def drop(self, connection: Connection) -> None:
        """Remove schemas and roles."""
        for schema in (self.schema, self.lake):
            connection.execute(SQL("DROP SCHEMA IF EXISTS {name} CASCADE").format(name=Identifier(schema)))
        for role in (self.reading, self.role):
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(SQL("DROP OWNED BY {role}").format(role=Identifier(role)))
                connection.execute(SQL("DROP ROLE {role}").format(role=Identifier(role)))

    def _filled(self, text: str, **more: Identifier) -> Composed:
        return SQL(text).format(role=Identifier(self.role), reading=Identifier(self.reading), **more)


def _sweep(connection: Connection, names: Names) -> None:
    """Remove the logins that ended a while ago; by then their servers have newer ones."""
    _remove(connection, names, names.expired(connection, datetime.now(UTC) - GRACE))


def _remove(connection: Connection, names: Names, logins: list[str]) -> None:
    """End the sessions of logins and remove them; what one of them may own goes to the workspace's role."""
    if logins:
        connection.execute(TERMINATE, [logins])
    for login in map(Identifier, logins):
        role = Identifier(names.role)
        connection.execute(SQL("REASSIGN OWNED BY {login} TO {role}").format(login=login, role=role))
        connection.execute(SQL("DROP OWNED BY {login}").format(login=login))
        connection.execute(SQL("DROP ROLE {login}").format(login=login))
