"""The catalog in a schema of PostgreSQL, with the same promises as in a SQLite file.

Who writes holds an advisory lock until the end of the transaction, so that there is one writer at a time and no
transaction has to be repeated: the catalog's are short and rare. SERIALIZABLE with repetition was the other way; every
caller would have had to be repeatable. A reader sees one moment (REPEATABLE READ).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection, Engine, create_engine, event

from deita_hub.database_urls import CATALOG, in_schema

WRITE_LOCK = 0x6465697461
POOL, MORE, POOL_SECONDS = 5, 10, 10


def make_schema(url: str, schema: str) -> None:
    """Make the schema if it is not there, one process at a time."""
    engine = create_engine(in_schema(url, schema), pool_size=1)
    try:
        with engine.begin() as connection:
            _lock(connection)
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    finally:
        engine.dispose()


def open_engine(url: str) -> Engine:
    """A pool whose lost connections are noticed before they are used. A transaction with `deita_write` is the only
    one of its kind.
    """
    engine = create_engine(
        in_schema(url, CATALOG),
        pool_size=POOL,
        max_overflow=MORE,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin)
    return engine


@contextlib.contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """A transaction in which the tables may be changed, one process at a time."""
    with engine.execution_options(deita_write=True).begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {CATALOG}")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        yield connection


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("deita_write"):
        _lock(connection)
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _lock(connection: Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
