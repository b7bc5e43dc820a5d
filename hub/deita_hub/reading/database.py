"""The one connection of a reader: read-only, one snapshot, no more time than it was given."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.sql import SQL, Literal

from deita_hub.reading import failures
from deita_hub.reading.columns import Described, doubtful
from deita_hub.reading.failures import SELECT_ONLY, RefusedError
from deita_hub.reading.job import Job, Target

CONNECT_S = 10
LOCK_S = 10
MOST_TABLES = 5000
TABLES = """
SELECT n.nspname, c.relname, c.oid::regclass::text,
       CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
            ELSE 'table' END,
       CASE WHEN c.relkind IN ('v', 'f') OR c.reltuples < 0 THEN NULL ELSE c.reltuples::bigint END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_temp%'
  AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
ORDER BY 1, 2 LIMIT """
TYPES = """
SELECT asked.number, format_type(asked.oid, asked.modifier), t.typcategory = 'A', t.typtype = 'e'
FROM unnest(%s::oid[], %s::int[]) WITH ORDINALITY AS asked(oid, modifier, number) JOIN pg_type t ON t.oid = asked.oid
ORDER BY asked.number"""
NO_ROWS = RefusedError("connection_read_only", "This is not a statement that rows can be read from.", SELECT_ONLY)


@contextlib.contextmanager
def connected(target: Target, seconds: int) -> Iterator[Connection]:
    """A connection in a transaction that reads one snapshot. Raises psycopg.Error."""
    with _authority(target) as certificates, contextlib.closing(_connection(target, certificates)) as connection:
        connection.read_only, connection.isolation_level = True, IsolationLevel.REPEATABLE_READ
        # for this transaction, so that whatever pools the database's connections passes none of it on
        told = {
            "statement_timeout": f"{seconds}s", "lock_timeout": f"{LOCK_S}s", "timezone": "UTC",
            "datestyle": "ISO, YMD",
            "intervalstyle": "iso_8601", "extra_float_digits": "1", "standard_conforming_strings": "on",
        }  # fmt: skip
        sets = SQL(", ").join(SQL("set_config({}, {}, true)").format(Literal(n), Literal(v)) for n, v in told.items())
        connection.execute(SQL("SELECT {}").format(sets))
        yield connection


def _connection(target: Target, certificates: str) -> Connection:
    return psycopg.connect(
        host=target.host, hostaddr=target.address, port=target.port, dbname=target.database, user=target.user,
        password=target.password, sslmode=target.sslmode, sslrootcert=certificates,
        connect_timeout=CONNECT_S, gssencmode="disable",
        sslcertmode="disable", passfile="/dev/null", client_encoding="UTF8",
        keepalives_idle=10, keepalives_interval=5, keepalives_count=3, application_name="deita", prepare_threshold=None,
    )  # fmt: skip


@contextlib.contextmanager
def _authority(target: Target) -> Iterator[str]:
    """What libpq is told of where it finds the server's authority, which it reads from files only."""
    if not target.ca:
        yield "system" if target.sslmode == "verify-full" else ""
        return
    with tempfile.NamedTemporaryFile("w", prefix="deita-", suffix=".pem") as file:
        file.write(target.ca)
        file.flush()
        yield file.name


def tested(connection: Connection) -> dict[str, Any]:
    """What can be said of the connection itself."""
    user, name = one(connection, "SELECT current_user, current_database()")
    tls = bool(connection.pgconn.ssl_in_use)
    return {"server_version": version(connection), "user": user, "database": name, "tls": tls}


def tables(connection: Connection) -> list[dict[str, Any]]:
    """What this user may read; `name` is how SQL writes it, `rows` an estimate or None."""
    found = connection.execute(f"{TABLES}{MOST_TABLES}").fetchall()
    keys = ("schema", "table", "name", "kind", "rows")
    return [dict(zip(keys, row, strict=True)) for row in found]


def statement(connection: Connection, job: Job) -> tuple[str, int | None]:
    """The statement that gives the rows, and about how many there are. Raises RefusedError, psycopg.Error."""
    if job.table is None:
        return _filled(connection, job), None
    try:
        found = connection.execute(
            "SELECT oid::regclass::text, CASE WHEN relkind IN ('r', 'm') AND reltuples >= 0 THEN reltuples::bigint END"
            " FROM pg_class WHERE oid = to_regclass(%s)",
            [job.table],
        ).fetchone()
    except (psycopg.errors.SyntaxError, psycopg.errors.InvalidName, psycopg.errors.InvalidParameterValue) as error:
        raise _no_table(job.table) from error
    if found is None:
        raise _no_table(job.table)
    return f"SELECT * FROM {found[0]}", found[1]  # noqa: S608 - quoted by the database


def described(connection: Connection, text: str) -> list[Described]:
    """The columns of a statement, which must be one and give rows. Raises RefusedError, psycopg.Error."""
    raw, encoding = connection.pgconn, connection.info.encoding
    for answer in (raw.prepare(b"", text.encode()), raw.describe_prepared(b"")):
        if answer.status != psycopg.pq.ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(answer, encoding)
    if answer.nparams:
        raise RefusedError("bad_request", "Write parameters as %(name)s, with a value for each.")
    if not answer.nfields:
        raise NO_ROWS
    numbers = range(answer.nfields)
    oids, modifiers = [answer.ftype(n) for n in numbers], [answer.fmod(n) for n in numbers]
    names = [(answer.fname(n) or b"").decode(encoding) for n in numbers]
    types = connection.execute(TYPES, [oids, modifiers]).fetchall()
    return [
        Described(name, kind, oid, modifier, array, enum)
        for name, oid, modifier, (_, kind, array, enum) in zip(names, oids, modifiers, types, strict=True)
    ]


def looked(connection: Connection, text: str, columns: list[Described], limit: int | None) -> dict[str, Any]:
    """The answers to what is doubtful of the columns; the statement runs for it once."""
    asked = doubtful(columns)
    if not asked:
        return {}
    row = one(connection, f"SELECT {', '.join(asked.values())} FROM {among(text, columns, limit)}")  # noqa: S608
    return dict(zip(asked, row, strict=True))


def among(text: str, columns: list[Described], limit: int | None) -> str:
    """The statement as something to select from, its columns by number: a query may give two of them one name."""
    names = ", ".join(f"c{number}" for number in range(len(columns)))
    inner = f"SELECT * FROM ({text}\n) AS asked({names})"  # noqa: S608 - parsed by the database as one statement
    return f"({inner}{'' if limit is None else f' LIMIT {limit}'}) AS asked"


def moment(connection: Connection) -> dict[str, Any]:
    """When the snapshot was taken, by the database's clock, and which it is."""
    function = "pg_current_snapshot" if connection.info.server_version >= 130000 else "txid_current_snapshot"
    at, snapshot = one(connection, f"SELECT now(), {function}()::text")
    return {"read_at": at.astimezone(UTC).isoformat(timespec="milliseconds"), "snapshot": snapshot}


def version(connection: Connection) -> str:
    """The server's version, as 15.4."""
    number = connection.info.server_version
    return f"{number // 10000}.{number % 10000}"


def one(connection: Connection, text: str) -> tuple[Any, ...]:
    """The only row of a statement of ours."""
    row = connection.execute(text.encode()).fetchone()
    assert row is not None, "it has one row"
    return row


def _filled(connection: Connection, job: Job) -> str:
    """The query with the values of its parameters, as psycopg writes them; without its semicolon."""
    text = (job.query or "").strip().rstrip(";").rstrip()
    if not text:
        raise RefusedError("bad_request", "Name a table or a query.")
    if not job.params:
        return text
    try:
        return psycopg.ClientCursor(connection).mogrify(text.encode(), job.params)
    except (psycopg.ProgrammingError, TypeError, KeyError) as error:
        hint = "Write them as %(name)s, a percent sign as %%, and give a value for each."
        raise RefusedError("bad_request", f"The parameters do not fit the query: {error}"[:300], hint) from error


def _no_table(name: str) -> RefusedError:
    code, message, hint = failures.BY_STATE["42P01"]
    return RefusedError(code, message, hint, {"table": name[:300]})
