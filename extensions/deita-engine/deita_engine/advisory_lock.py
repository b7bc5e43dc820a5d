"""A lock of PostgreSQL that a session holds until it lets go or ends: what `flock` is where a folder is shared."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg

from .errors import database_unavailable
from .lock import busy
from .shapes import EngineError

POLL_SECONDS = 0.02
TRY = "SELECT pg_try_advisory_lock(hashtextextended('deita lake ' || current_schema() || ' ' || %s, 0))"
RELEASE = "SELECT pg_advisory_unlock(hashtextextended('deita lake ' || current_schema() || ' ' || %s, 0))"

Connection = psycopg.Connection[tuple[Any, ...]]


class AdvisoryLock:
    """One lock by name in the schema of the connections. Each holder has a session; one stays open for the next."""

    def __init__(self, connect: Callable[[], Connection], name: str) -> None:
        self._connect, self._name = connect, name
        self._free: list[Connection] = []

    @contextlib.contextmanager
    def held(self, timeout: float, check: Callable[[], None]) -> Iterator[None]:
        """Hold the lock; raises EngineError workspace_busy after `timeout` seconds, storage_unavailable, and whatever
        `check` raises meanwhile.
        """
        connection, has_it = self._first_try()
        try:
            deadline = time.monotonic() + timeout
            while not has_it:
                check()
                if time.monotonic() > deadline:
                    raise busy()
                time.sleep(POLL_SECONDS)
                has_it = self._asked(connection)
            yield
        finally:
            self._let_go(connection)

    def _first_try(self) -> tuple[Connection, bool]:
        """A session and whether it has the lock; one that was lost meanwhile is replaced, for it held nothing."""
        while self._free:
            connection = self._free.pop()
            try:
                return connection, self._is_taken(connection)
            except psycopg.OperationalError:
                connection.close()
        connection = self._connect()
        try:
            return connection, self._asked(connection)
        except EngineError:
            connection.close()
            raise

    def _asked(self, connection: Connection) -> bool:
        try:
            return self._is_taken(connection)
        except psycopg.OperationalError as error:
            raise database_unavailable() from error

    def _is_taken(self, connection: Connection) -> bool:
        return connection.execute(TRY, [self._name]).fetchall() == [(True,)]

    def _let_go(self, connection: Connection) -> None:
        try:
            connection.execute(RELEASE, [self._name])
        except psycopg.Error:
            connection.close()  # a session that is lost holds nothing
            return
        if self._free:
            connection.close()
        else:
            self._free.append(connection)
