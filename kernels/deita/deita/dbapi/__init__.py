"""A PEP 249 driver for Deita, so that tools which speak Python's database API reach a workspace.

>>> from deita import dbapi
>>> with dbapi.connect() as connection:                     # inside a kernel
...     cursor = connection.cursor()
...     cursor.execute("SELECT carrier, count(*) FROM flights WHERE month = :month GROUP BY ALL", {"month": 7})
...     cursor.fetchall()

From outside `connect(hub_url=…, token=…, workspace=…)` takes what `deita.connect` takes.

**Transactions.** Each statement is a transaction of its own, committed when `execute` returns. `commit` does nothing;
`rollback` raises NotSupportedError when statements have written since the last `commit`, because they cannot be taken
back, and does nothing otherwise. Statements that write need no mode: the engine knows which do.

**Parameters** are named (`:month`, or DuckDB's own `$month`) and bound in the engine, never spliced into the text.
"""

from deita.dbapi.connection import Connection, connect
from deita.dbapi.cursor import Cursor
from deita.dbapi.exceptions import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)
from deita.dbapi.types import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    Date,
    DateFromTicks,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
)

apilevel = "2.0"
threadsafety = 2
paramstyle = "named"

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]
