"""The catalog in a SQLite file: one writer at a time, who has the lock before the first statement."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from deita_hub.lifeline import FileLock

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000")


def open_engine(url: str) -> Engine:
    """A pool of connections; the file's folder is made. A transaction with `deita_write` takes the write lock."""
    _path(url).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": 10.0, "isolation_level": None})
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


@contextlib.contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """A transaction in which the tables may be changed, one process at a time."""
    path = _path(str(engine.url))
    lock = FileLock(path.with_name(path.name + ".migrate.lock"))
    with lock, engine.execution_options(deita_write=True).begin() as connection:
        yield connection


def _path(url: str) -> Path:
    return Path(make_url(url).database or "")


def _configure(connection: Any, record: Any) -> None:
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("deita_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
