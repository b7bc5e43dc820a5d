"""A lake whose files lie in a bucket: written, read, deleted from, restored and tidied like one in a folder."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import EngineError, UpkeepSpec

from tests.servers.object_store import ObjectStore

Query = Callable[..., Awaitable[Run]]
Load = Callable[..., Awaitable[Run]]
EVERYTHING = "9999-01-01 00:00:00+00"


@pytest.fixture
def workspace(object_store: ObjectStore) -> str:
    return f"{object_store.prefix()}/01jws"


@pytest.fixture
def issued(object_store: ObjectStore, workspace: str) -> dict[str, Any]:
    """What the engine gets; a test may change it."""
    return object_store.issued(workspace)


@pytest.fixture
async def engine(config: EngineConfig, issued: dict[str, Any], workspace: str) -> AsyncIterator[Engine]:
    async def access() -> dict[str, Any]:
        return dict(issued)

    engine = Engine(replace(config, remote=workspace, cache_bytes=0), access)
    yield engine
    await engine.stop()


async def rows(query: Query, sql: str, **options: Any) -> list[list[object]]:
    run = await query(sql, **options)
    assert run.state == "done", run.error
    return list(json.loads(run.first_page or b""))


def local_files(config: EngineConfig) -> list[Path]:
    return list((config.storage / "lake").rglob("*.parquet"))


async def test_an_import_lies_in_the_bucket_and_nowhere_else(
    load: Load, query: Query, config: EngineConfig, object_store: ObjectStore, workspace: str, tmp_path: Path
) -> None:
    file = tmp_path / "größe.csv"
    file.write_text("a,b\n1,x\n2,y\n3,z,too many\n")
    run = await load(file, "größe & menge", recipe={"strict": True})
    assert run.state == "done", run.error
    rejects = {key for key in object_store.keys(workspace) if key.startswith("rejects/")}
    (data,) = set(object_store.keys(workspace)) - rejects
    assert data.startswith("lake/main/gr__e___menge/deita-")
    assert len(rejects) == (1 if run.reject_count else 0)
    assert local_files(config) == []
    assert await rows(query, 'select count(*), sum(a) from "größe & menge"') == [[2, 3]]


async def test_statements_write_change_and_look_back(
    query: Query, engine: Engine, config: EngineConfig, object_store: ObjectStore, workspace: str
) -> None:
    for statement in (
        "create table t as select range as a, 'x' || range as b from range(10)",
        "insert into t values (100, 'y')",
        "delete from t where a % 2 = 0",
        "update t set b = 'z' where a = 9",
        "alter table t add column c integer",
    ):
        run = await query(statement, mode="write")
        assert run.state == "done", run.error
    assert await rows(query, "select count(*), sum(a), max(b) from t") == [[5, 25, "z"]]
    commits = {commit.version: commit.snapshot for commit in await engine.commits()}
    assert await rows(query, "select count(*) from t", pins=(("t", commits[2]),)) == [[11]]
    await engine.restore_table("t", commits[1], "me")
    assert await rows(query, "select count(*), sum(a) from t") == [[10, 45]]
    assert local_files(config) == []
    assert any(key.startswith("lake/") for key in object_store.keys(workspace))


async def test_upkeep_tidies_and_deletes_in_the_bucket(
    query: Query, engine: Engine, object_store: ObjectStore, workspace: str
) -> None:
    await query("create table t as select range as a from range(3)", mode="write")
    for number in range(10):
        await query(f"insert into t values ({100 + number})", mode="write")
    before = await rows(query, "from t order by all")
    many = len(object_store.keys(workspace))
    did = await engine.upkeep(UpkeepSpec(kept=(), known=2**40, before=EVERYTHING, grace_s=0.0))
    assert (did["tables"], did["files_after"]) == (1, 1)
    assert await rows(query, "from t order by all") == before
    assert len(object_store.keys(workspace)) == 1 < many


async def test_keys_are_on_no_command_line_and_no_statement_sees_them(
    query: Query, engine: Engine, object_store: ObjectStore
) -> None:
    await query("create table t as select 1 as a", mode="write")
    assert await rows(query, "from t") == [[1]]
    for pid in (engine.status()["pid"], engine.status()["writer_pid"]):
        for place in ("cmdline", "environ"):
            assert object_store.secret_key.encode() not in Path(f"/proc/{pid}/{place}").read_bytes()
    for statement in ("from duckdb_secrets()", "from which_secret('s3://deita/x', 's3')", "select getenv('HOME')"):
        with pytest.raises(EngineError) as refused:
            await query(statement)
        assert refused.value.code in ("not_allowed", "query_binding", "table_not_found")


async def test_the_files_are_plain_parquet_for_whoever_has_the_keys(
    query: Query, object_store: ObjectStore, workspace: str, tmp_path: Path
) -> None:
    await query("create table t as select 42 as a", mode="write")
    (key,) = object_store.keys(workspace)
    bucket, _, prefix = workspace.removeprefix("s3://").partition("/")
    body = object_store.client().get_object(Bucket=bucket, Key=f"{prefix}/{key}")["Body"].read()
    (tmp_path / "t.parquet").write_bytes(body)
    import pyarrow.parquet as parquet

    assert parquet.read_table(tmp_path / "t.parquet").to_pylist() == [{"a": 42}]


async def test_a_new_engine_with_no_local_lake_reads_on(query: Query, engine: Engine, config: EngineConfig) -> None:
    await query("create table t as select range as a from range(1000)", mode="write")
    await engine.stop()
    shutil.rmtree(config.storage / "lake")
    assert await rows(query, "select count(*) from t") == [[1000]]


async def test_renewed_keys_reach_a_running_engine(
    query: Query, engine: Engine, issued: dict[str, Any], object_store: ObjectStore, workspace: str
) -> None:
    for statement in ("create table t as select range as a from range(100000)", "create table u as select 1 as b"):
        assert (await query(statement, mode="write")).state == "done"
    assert await rows(query, "select b from u") == [[1]]
    pid = engine.status()["pid"]
    issued["storage"] = {**issued["storage"], "secret_access_key": "expired"}
    run = await query("select sum(a) from t")
    assert run.error is not None
    assert run.error.code == "storage_unavailable"
    issued["storage"] = object_store.issued(workspace)["storage"]
    assert await rows(query, "select max(a) from t") == [[99_999]]
    assert engine.status()["pid"] == pid


@asynccontextmanager
async def held_until(connections: int, endpoint: str) -> AsyncIterator[str]:
    """A way to the store on which nothing is answered before so many connections wait at once."""
    host, port = endpoint.removeprefix("http://").split(":")
    waiting: set[asyncio.StreamWriter] = set()
    enough = asyncio.Event()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting.add(writer)
        if len(waiting) >= connections:
            enough.set()
        await enough.wait()
        to_reader, to_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pass_on(reader, to_writer), pass_on(to_reader, writer))

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def test_a_new_engine_opens_many_tables_at_once(
    query: Query, engine: Engine, issued: dict[str, Any], object_store: ObjectStore
) -> None:
    for number in range(4):
        await query(f"create table t{number} as select range as a from range(10)", mode="write")
    await query("delete from t0 where a = 3", mode="write")
    await engine.stop()
    async with held_until(5, object_store.endpoint) as endpoint:  # four tables, one of them with a list of deletes
        issued["storage"] = {**issued["storage"], "endpoint": endpoint}
        assert await rows(query, "select count(*) from t0") == [[9]]
        await engine.stop()


async def test_one_table_whose_file_is_gone_keeps_nobody_from_the_others(
    query: Query, engine: Engine, object_store: ObjectStore, workspace: str
) -> None:
    for number in range(3):
        await query(f"create table t{number} as select range as a from range(10)", mode="write")
    await engine.stop()
    (key,) = [key for key in object_store.keys(workspace) if "/t1/" in key]
    bucket, _, prefix = workspace.removeprefix("s3://").partition("/")
    object_store.client().delete_object(Bucket=bucket, Key=f"{prefix}/{key}")
    assert await rows(query, "select count(*) from t2") == [[10]]
    with pytest.raises(EngineError) as refused:
        await query("from t1")
    assert refused.value.code == "table_unreadable"
    assert Path(key).name in refused.value.message and workspace not in refused.value.message
