"""The first query of an engine whose bucket is far away: many tables, and some time on the way to the store."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
from deita_engine.bucket_files import SETTINGS
from deita_engine.client import Engine
from deita_engine.settings import load_extension
from deita_engine.shapes import QuerySpec

from bench.bucket import engine_of, over, query
from bench.table import Row
from tests.servers.object_store import REGION, ObjectStore, running_object_store

TABLES, DELAY_S, AIM = 60, 0.03, 0.5
FIRST = "select sum(a) from t0"
TITLE = "A bucket that is far away"
NOTE = (
    f"The first query of a new engine on one of {TABLES} tables, of which nothing is on this machine; SeaweedFS on the same machine behind a way that takes {DELAY_S * 1000:.0f} ms more for whatever is asked, one run. "
    "The peer is plain DuckDB with httpfs and the same settings, which makes a view of each file one after the other, as the engine did before it opened them ahead; its start is not counted, the reading of the engine's catalog is."
)


@asynccontextmanager
async def delayed(store: ObjectStore) -> AsyncIterator[ObjectStore]:
    """The same store behind a way on which whatever is asked takes `DELAY_S`."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await asyncio.sleep(delay)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to = await asyncio.open_connection("127.0.0.1", store.ports[-1])
        await asyncio.gather(pass_on(reader, to, DELAY_S), pass_on(there, writer, 0))

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    yield replace(store, ports=(*store.ports[:-1], server.sockets[0].getsockname()[1]))
    server.close()


async def made(engine: Engine) -> None:
    """Have the tables."""
    for number in range(TABLES):
        sql = f"create table t{number} as select range as a from range(1000)"
        await over(await engine.run(QuerySpec(str(uuid.uuid4()), sql, "me", "write")))


def alone(store: ObjectStore, remote: str) -> float:
    """Seconds of DuckDB with httpfs."""
    with duckdb.connect() as connection:
        load_extension(connection, "httpfs")
        for name, value in SETTINGS.items():
            connection.execute(f"SET {name} = {value}")
        connection.execute(
            f"CREATE SECRET (TYPE s3, KEY_ID '{store.access_key}', SECRET '{store.secret_key}', REGION '{REGION}',"
            f" ENDPOINT '{store.endpoint.removeprefix('http://')}', URL_STYLE 'path', USE_SSL false)"
        )
        keys = store.keys(remote)
        began = time.perf_counter()
        for number, key in enumerate(keys):
            connection.execute(f"CREATE VIEW t{number} AS FROM read_parquet('{remote}/{key}')")
        connection.execute(FIRST).fetchall()
        return time.perf_counter() - began


async def measured(storage: Path, store: ObjectStore, remote: str) -> tuple[float, float]:
    """Seconds of the engine, and of the peer."""
    async with engine_of(storage, store, remote) as engine:
        await made(engine)
    shutil.rmtree(storage / "cache" / "tables")
    async with delayed(store) as far:
        async with engine_of(storage, far, remote) as engine:
            ours = await query(engine, FIRST)
        return ours, await asyncio.to_thread(alone, far, remote)


def run() -> list[Row]:
    """One after the other."""
    with tempfile.TemporaryDirectory() as place, running_object_store() as store:
        ours, theirs = asyncio.run(measured(Path(place) / "bucket", store, f"{store.prefix()}/ws"))
    ratio = ours / theirs
    what, figures = "first query of a new engine", (f"{ours:.2f} s", "httpfs alone", f"{theirs:.2f} s")
    return [Row(what, *figures, f"× {ratio:.2f}", f"≤ × {AIM}", ratio <= AIM)]
