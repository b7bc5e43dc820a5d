"""A lake whose metadata lies in PostgreSQL: restarts, outages, renewed logins, and what statements cannot reach."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from deita_engine.access import Issued
from deita_engine.advisory_lock import AdvisoryLock
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.errors import from_duckdb
from deita_engine.shapes import EngineError
from deita_hub.broker.postgres import PostgresDatabases
from pydantic_core import to_jsonable_python

from tests.servers.fault_proxy import FaultProxy, faults_before
from tests.servers.object_store import ObjectStore
from tests.servers.postgres import PostgresServer, running_postgres

Finished = Callable[..., Awaitable[Run]]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of this module's own: it is restarted."""
    with running_postgres() as found:
        yield found


class Logins:
    """The logins of one workspace, of which the last is given out."""

    def __init__(self, url: str) -> None:
        self.databases, self.workspace = PostgresDatabases(url), uuid.uuid4().hex[:26]
        self.renew("first")

    def renew(self, person: str) -> None:
        self.issued = to_jsonable_python(self.databases.issue(self.workspace, person, "write"))

    def revoke(self, person: str) -> None:
        self.databases.revoke(self.workspace, person)

    async def access(self) -> Issued:
        return {"storage": {"kind": "local"}, "database": self.issued}


@pytest.fixture
def logins(server: PostgresServer) -> Logins:
    return Logins(server.database())


Behind = tuple[FaultProxy, Engine]


@pytest.fixture
async def behind(config: EngineConfig, server: PostgresServer) -> AsyncIterator[Behind]:
    """An engine that reaches its database by a proxy which can lose what is said."""
    with faults_before(f"http://127.0.0.1:{server.port}") as proxy:
        logins = Logins(server.database())
        logins.issued["url"] = logins.issued["url"].replace(f":{server.port}/", f":{proxy.port}/")
        engine = Engine(config, logins.access)
        yield proxy, engine
        await engine.stop()


@pytest.fixture
async def engine(config: EngineConfig, logins: Logins) -> AsyncIterator[Engine]:
    engine = Engine(config, logins.access)
    yield engine
    await engine.stop()


async def rows(finished: Finished, engine: Engine, sql: str, **options: Any) -> Any:
    run = await finished(engine, sql, **options)
    assert run.state == "done", run.error
    return json.loads(run.first_page or b"[]")


async def test_reading_and_writing_go_on_after_an_immediate_restart(
    engine: Engine, server: PostgresServer, finished: Finished
) -> None:
    await rows(finished, engine, "create table t as select 1 as a", mode="write")
    assert await rows(finished, engine, "from t") == [[1]]
    await asyncio.to_thread(server.restart)
    assert await rows(finished, engine, "from t") == [[1]]
    await rows(finished, engine, "insert into t values (2)", mode="write")
    assert await rows(finished, engine, "from t order by a") == [[1], [2]]
    assert engine.status()["restarts"] == 0


async def test_a_database_that_is_away_is_told_without_its_name_and_comes_back(
    engine: Engine, logins: Logins, server: PostgresServer, finished: Finished
) -> None:
    await rows(finished, engine, "create table t as select 1 as a", mode="write")
    await asyncio.to_thread(server.stop)
    told = []
    for sql, mode in (("from t", "read"), ("insert into t values (2)", "write")):
        try:
            run = await finished(engine, sql, mode=mode)
            told.append(run.error)
        except EngineError as error:
            told.append(error)
    await asyncio.to_thread(server.start)
    assert [error and error.code for error in told] == ["storage_unavailable"] * 2
    assert not any(word in str(told) for word in ("127.0.0.1", str(server.port), logins.workspace))
    await rows(finished, engine, "insert into t values (2)", mode="write")
    assert await rows(finished, engine, "from t order by a") == [[1], [2]]


async def test_a_table_whose_commit_was_not_answered_is_there_once(behind: Behind, finished: Finished) -> None:
    proxy, engine = behind
    await rows(finished, engine, "create table t as select 1 as a", mode="write")
    proxy.lost_commits = 1
    run = await finished(engine, "create or replace table t as select unnest([1, 2]) as a", mode="write")
    assert (run.state, run.commit and run.commit.version) == ("done", 2), run.error
    assert proxy.lost_commits == 0
    assert await rows(finished, engine, "from t order by a") == [[1], [2]]
    await rows(finished, engine, "insert into t values (3)", mode="write")
    assert await rows(finished, engine, "from t order by a") == [[1], [2], [3]]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("insert into t values (3)", [[1], [2], [3]]),
        ("update t set a = a + 10 where a = 2", [[1], [12]]),
        ("delete from t where a = 1", [[2]]),
        ("merge into t using (select 2 as a) s on t.a = s.a when matched then update set a = 20", [[1], [20]]),
        ("alter table t add column b int default 7", [[1, 7], [2, 7]]),
    ],
    ids=["insert", "update", "delete", "merge", "alter"],
)
async def test_what_was_committed_but_not_answered_can_be_read(
    config: EngineConfig, behind: Behind, finished: Finished, sql: str, expected: list[list[int]]
) -> None:
    proxy, engine = behind
    await rows(finished, engine, "create table t as select unnest([1, 2]) as a", mode="write")
    proxy.lost_commits = 1
    run = await finished(engine, sql, mode="write")
    assert (run.state, run.commit and run.commit.version) == ("done", 2), run.error
    assert proxy.lost_commits == 0
    assert await rows(finished, engine, "from t order by a") == expected
    await rows(finished, engine, "insert into t (a) values (100)", mode="write")
    assert len(await rows(finished, engine, "from t")) == len(expected) + 1
    ours = list((config.storage / "lake" / "main" / "t").glob("deita-*"))
    assert len(ours) == (2 if "alter" in sql else 1), "no second name stays"


async def test_the_same_in_a_bucket(
    config: EngineConfig, server: PostgresServer, finished: Finished, object_store: ObjectStore
) -> None:
    workspace = f"{object_store.prefix()}/01jws"
    with faults_before(f"http://127.0.0.1:{server.port}") as proxy:
        logins = Logins(server.database())
        logins.issued["url"] = logins.issued["url"].replace(f":{server.port}/", f":{proxy.port}/")

        async def access() -> Issued:
            return {**object_store.issued(workspace), "database": logins.issued}

        engine = Engine(replace(config, remote=workspace), access)
        try:
            await rows(finished, engine, "create table t as select unnest([1, 2]) as a", mode="write")
            proxy.lost_commits = 1
            run = await finished(engine, "update t set a = 20 where a = 2", mode="write")
            assert (run.state, proxy.lost_commits) == ("done", 0), run.error
            assert await rows(finished, engine, "from t order by a") == [[1], [20]]
            assert sum("deita-" in key for key in object_store.keys(workspace)) == 1, "no second name stays"
        finally:
            await engine.stop()


async def test_a_renewed_login_takes_the_place_of_one_that_ended(
    engine: Engine, logins: Logins, finished: Finished
) -> None:
    await rows(finished, engine, "create table t as select 1 as a", mode="write")
    assert await rows(finished, engine, "from t") == [[1]]
    logins.renew("second")
    logins.revoke("first")
    assert await rows(finished, engine, "from t") == [[1]]
    await rows(finished, engine, "insert into t values (2)", mode="write")
    assert await rows(finished, engine, "from t order by a") == [[1], [2]]
    assert engine.status()["restarts"] == 0


async def test_the_password_is_in_no_argument_and_no_environment(
    engine: Engine, logins: Logins, finished: Finished
) -> None:
    await rows(finished, engine, "create table t as select 1 as a", mode="write")
    await engine.tables()
    password = logins.issued["url"].split(":")[2].split("@")[0]
    for role in ("pid", "writer_pid"):
        place = Path(f"/proc/{engine.status()[role]}")
        assert password.encode() not in (place / "cmdline").read_bytes() + (place / "environ").read_bytes()


@pytest.mark.parametrize("mode", ["read", "write"])
@pytest.mark.parametrize(
    "sql",
    [
        "select * from postgres_query('lake', 'select 1')",
        "select * from postgres_query('__ducklake_metadata_lake', 'select current_user')",
        "select * from postgres_scan('host=127.0.0.1', 'public', 'x')",
        "call postgres_execute('__ducklake_metadata_lake', 'drop table ducklake_snapshot')",
        "attach 'host=127.0.0.1' as other (type postgres)",
        "select * from duckdb_secrets()",
        "select * from __ducklake_metadata_lake.ducklake_snapshot",
        "create secret x (type postgres, host '127.0.0.1')",
    ],
)
async def test_no_statement_reaches_the_database_behind_the_lake(
    engine: Engine, finished: Finished, sql: str, mode: str
) -> None:
    with pytest.raises(EngineError):
        await finished(engine, sql, mode=mode)


def test_a_lock_whose_database_goes_in_that_moment_says_so(server: PostgresServer) -> None:
    url = server.database()

    def ended_at_once() -> psycopg.Connection[tuple[Any, ...]]:
        connection = psycopg.connect(url, autocommit=True)
        with psycopg.connect(server.url(), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
        return connection

    with pytest.raises(EngineError) as lost, AdvisoryLock(ended_at_once, "write").held(1, lambda: None):
        raise AssertionError("nobody has the lock")
    assert lost.value.code == "storage_unavailable"


@pytest.mark.parametrize(
    "said", ['Failed to commit: Failed to execute query "ROLLBACK": ', "server closed the connection unexpectedly"]
)
def test_a_database_that_is_lost_in_the_middle_is_no_fault_of_the_statement(said: str) -> None:
    assert from_duckdb(duckdb.TransactionException(said)).code == "storage_unavailable"
