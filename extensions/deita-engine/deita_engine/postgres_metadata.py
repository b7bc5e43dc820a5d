"""DuckLake's tables in a schema of PostgreSQL.

The reader has no PostgreSQL extension, as it has no SQLite one: what its statements could reach through it would be
everything that the login reaches. It reads the tables with psycopg, which no statement can. DuckDB gets the login as a
secret and not in the text of ATTACH, which its errors may quote.
"""

from __future__ import annotations

import contextlib
import functools
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import duckdb
import psycopg
from psycopg.types.string import TextLoader

from .access import POSTGRES_PORT
from .advisory_lock import AdvisoryLock
from .errors import database_unavailable
from .lake_metadata import ATTACHED, escaped, nothing
from .settings import load_extension
from .sources import MARK, Ask, Source

SECRET = "deita_lake"  # noqa: S105 - the secret's name
SESSION = (
    "-c search_path={schema} -c timezone=UTC -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s"
    " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
)
ONE_MOMENT = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
PARAMETER = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Login:
    """What the broker issued: a URL with the password, and the lake's schema."""

    url: str = field(repr=False)
    schema: str

    def connect(self, name: str) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection that begins no transaction by itself and gives times as text, like SQLite. Raises EngineError
        storage_unavailable.
        """
        try:
            options = SESSION.format(schema=self.schema)
            connection = psycopg.connect(
                self.url, options=options, connect_timeout=5, autocommit=True, application_name=name
            )
        except psycopg.OperationalError as error:
            raise database_unavailable() from error
        connection.adapters.register_loader("timestamptz", TextLoader)
        return connection


class PostgresMetadata:
    """A schema; `take` is told the login, again whenever it was renewed."""

    extension = "postgres_scanner"
    can_be_lost = True

    def __init__(self) -> None:
        self._login: Login | None = None
        self.source: Source = PostgresSource(self.login)
        self._writing = AdvisoryLock(lambda: self.login().connect("deita-lock"), "write")
        self._tending = AdvisoryLock(lambda: self.login().connect("deita-lock"), "upkeep")

    def take(self, database: dict[str, Any]) -> None:
        """Use from now on what the broker issued."""
        self._login = Login(database["url"], database["lake_schema"])

    def login(self) -> Login:
        """The login that was given last."""
        assert self._login is not None, "a login comes before any operation"
        return self._login

    @property
    def tables(self) -> str:
        """The lake's schema."""
        return f'{ATTACHED}."{self.login().schema}"'

    def attach(self, connection: duckdb.DuckDBPyConnection, data: str) -> object:
        """With the login in a secret of the instance, which dies with it."""
        load_extension(connection, self.extension)
        load_extension(connection, "ducklake")
        login = self.login()
        connection.execute(_secret(login))
        try:
            connection.execute(
                f"ATTACH 'ducklake:postgres:{escaped(_more(login))}' AS lake (DATA_PATH '{escaped(data)}',"
                f" OVERRIDE_DATA_PATH true, METADATA_SCHEMA '{escaped(login.schema)}', META_SECRET '{SECRET}',"
                " DATA_INLINING_ROW_LIMIT 0)"
            )
        except duckdb.IOException as error:
            raise database_unavailable() from error
        return login

    def is_current(self, attached: object) -> bool:
        """Whether it was attached with the newest login: an older one's sessions are ended some time after it."""
        return attached == self._login

    @contextlib.contextmanager
    def write_lock(self, timeout: float, check: Callable[[], None] = nothing) -> Iterator[None]:
        """By an advisory lock of a session of its own. Should that session be lost while it is held, DuckLake's own
        detection of conflicts still lets only one of two writers commit.
        """
        with self._writing.held(timeout, check):
            yield

    @contextlib.contextmanager
    def upkeep_lock(self) -> Iterator[None]:
        """By another one."""
        with self._tending.held(0, nothing):
            yield


class PostgresSource:
    """A connection that stays open; threads take turns."""

    def __init__(self, login: Callable[[], Login]) -> None:
        self._login = login
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._used: Login | None = None
        self._known = False
        self._turn = threading.RLock()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Ask | None]:
        """Rows as of one moment. Raises EngineError storage_unavailable."""
        with self._turn:
            try:
                connection = self._begun()
                try:
                    yield functools.partial(_ask, connection) if self._has_lake(connection) else None
                finally:
                    if not connection.closed:
                        connection.execute("COMMIT")
            except psycopg.OperationalError as error:
                raise database_unavailable() from error

    def _begun(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of the newest login, in a transaction; a lost one is replaced, for nothing was asked yet."""
        if self._connection is not None and self._used == self._login():
            try:
                self._connection.execute(ONE_MOMENT)
            except psycopg.OperationalError:
                self._connection.close()
            else:
                return self._connection
        if self._connection is not None:
            self._connection.close()
        self._used = self._login()
        self._connection = self._used.connect("deita-catalog")
        self._connection.execute(ONE_MOMENT)
        return self._connection

    def _has_lake(self, connection: psycopg.Connection[tuple[Any, ...]]) -> bool:
        if not self._known:
            self._known = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [MARK]).fetchall() == [(True,)]
        return self._known


def _ask(connection: psycopg.Connection[tuple[Any, ...]], sql: str, /, **values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(_psycopgs(sql), values).fetchall()


@functools.lru_cache(256)
def _psycopgs(sql: str) -> bytes:
    """The statement with psycopg's parameters in the place of `$name`."""
    return PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%")).encode()


def _secret(login: Login) -> str:
    parts = urlsplit(login.url)
    values = {
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or POSTGRES_PORT),
        "DATABASE": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
    }
    listed = ", ".join(f"{name} '{escaped(value)}'" for name, value in values.items())
    return f"CREATE SECRET {SECRET} (TYPE postgres, {listed})"


def _more(login: Login) -> str:
    """What the URL says beside the login (`sslmode` and the like), as libpq's keywords."""
    given = dict(parse_qsl(urlsplit(login.url).query))
    given.setdefault("connect_timeout", "5")
    return " ".join(f"{name}='{escaped(value)}'" for name, value in given.items())
