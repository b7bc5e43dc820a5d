"""A workspace in a bucket against one in a folder: import, the first and the next scan, an export; a large folder."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import duckdb
from deita_engine.bucket_client import Keys
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.objects import Objects
from deita_engine.settings import load_extension
from deita_engine.shapes import ImportSpec, QuerySpec
from deita_server.contents.bucket import BucketNotebooks

from bench.table import Row
from tests.servers.object_store import REGION, ObjectStore, running_object_store

ROWS = int(os.environ.get("BENCH_BUCKET_ROWS", 10_000_000))
CSV = (
    f"copy (select range as id, range % 1000 as a, (range * 7919) % 1000003 as b, range / 7.0 as c, 'name ' || range % 5000 as d,"
    f" hash(range) % 100000 as e, date '2020-01-01' + (range % 2000)::int as f from range({ROWS})) to '{{}}' (header true)"
)
SCAN = "select d, count(*), sum(a), avg(c), max(f) from big group by d order by 2 desc, d limit 10"
WHOLE = "select sum(id), sum(a), sum(b), sum(c), max(d), sum(e), max(f) from big"
TITLE = "A bucket in the place of a folder"
NOTE = (
    f"{ROWS:,} rows × 7 columns in one Parquet file; SeaweedFS and everything else on the same machine, one run, the two in turns. Cold is the first query of a new engine on a machine "
    "that has nothing of the table; warm is the next one. The peer is the same engine on a folder; of the last row plain DuckDB with httpfs on the same file."
)
COLD, WARM, PLAIN = 2.5, 1.3, 1.5
MANY, PAGE = 10_000, 1.0


@asynccontextmanager
async def engine_of(storage: Path, store: ObjectStore | None, remote: str | None) -> AsyncIterator[Engine]:
    """An engine with nothing in its memory."""

    async def access() -> dict[str, Any]:
        return store.issued(remote) if store and remote else {}

    spool = storage / "people" / "me" / "spool"
    config = EngineConfig(storage, spool, remote, readable=(storage.parent,), memory_bytes=4 * 1024**3, threads=2)
    engine = Engine(config, access)
    await engine.tables()
    try:
        yield engine
    finally:
        await engine.stop()


async def query(engine: Engine, sql: str) -> float:
    """Seconds that a query takes."""
    began = time.perf_counter()
    run = await engine.run(QuerySpec(str(uuid.uuid4()), sql, "me", cache=False))
    await over(run)
    return time.perf_counter() - began


async def over(run: Run) -> None:
    """Wait for its end. Raises RuntimeError when it failed."""
    if not await run.wait(600) or run.state != "done":
        raise RuntimeError(f"{run.state}: {run.error}")


async def loaded(engine: Engine, file: Path, digest: str) -> float:
    """Seconds of an import."""
    began = time.perf_counter()
    await over(await engine.import_file(ImportSpec(str(uuid.uuid4()), str(file), file.name, digest, "big", "me")))
    return time.perf_counter() - began


async def exported(engine: Engine) -> float:
    """Seconds of all rows, as CSV, beginning on a resting disk."""
    await asyncio.to_thread(os.sync)
    began = time.perf_counter()
    id = str(uuid.uuid4())
    await over(await engine.run(QuerySpec(id, "from big", "me", cache=False)))
    with engine.export(id, "csv") as stream:
        while not stream.done:
            if stream.error:
                raise stream.error
            await asyncio.sleep(0.02)
    return time.perf_counter() - began


Step = Callable[[Engine], Awaitable[float]]


async def measured(storage: Path, store: ObjectStore | None, remote: str | None, *steps: Step) -> list[float]:
    """The seconds of these steps with a new engine that holds no result, after everybody's writing has come to rest."""
    shutil.rmtree(storage / "people", ignore_errors=True)
    async with engine_of(storage, store, remote) as engine:
        await asyncio.to_thread(os.sync)
        return [await step(engine) for step in steps]


def named(name: str, seconds: list[float]) -> dict[str, float]:
    """One step by its name, two as cold and warm."""
    return {name: seconds[0]} if len(seconds) == 1 else {f"{name} cold": seconds[0], f"{name} warm": seconds[1]}


def plain(store: ObjectStore, remote: str) -> float:
    """Seconds of the first query of DuckDB with httpfs, its start not counted."""
    (key,) = store.keys(remote)
    with duckdb.connect() as connection:
        load_extension(connection, "httpfs")
        connection.execute("SET threads = 2")
        connection.execute(
            f"CREATE SECRET (TYPE s3, KEY_ID '{store.access_key}', SECRET '{store.secret_key}', REGION '{REGION}',"
            f" ENDPOINT '{store.endpoint.removeprefix('http://')}', URL_STYLE 'path', USE_SSL false)"
        )
        began = time.perf_counter()
        connection.execute(WHOLE.replace("big", f"read_parquet('{remote}/{key}')")).fetchall()
        return time.perf_counter() - began


class Notebooks(BucketNotebooks):
    """JupyterLab's contents of one workspace, without a server around them."""

    def __init__(self, given: Objects) -> None:
        super().__init__()
        self._given = given

    async def objects(self) -> Objects:
        """The workspace's keys."""
        return self._given


def listed(store: ObjectStore, remote: str) -> tuple[float, float]:
    """Seconds until JupyterLab has the first page of a folder with many keys, and until a plain client has them all."""
    keys = Keys.of(store.issued(remote)["storage"])
    bucket, _, prefix = remote.removeprefix("s3://").partition("/")
    client = store.client()
    with ThreadPoolExecutor(8) as several:
        names = (f"{prefix}/notebooks/many/{number:05}.txt" for number in range(MANY))
        list(several.map(lambda key: client.put_object(Bucket=bucket, Key=key, Body=b"1"), names))
    began = time.perf_counter()
    model = asyncio.run(Notebooks(Objects(remote, lambda: keys)).get("many"))
    ours, began = time.perf_counter() - began, time.perf_counter()
    if not model["content"]:
        raise RuntimeError("nothing was listed")
    theirs = [key for key in store.keys(remote) if "/many/" in key]
    if len(theirs) != MANY:
        raise RuntimeError(f"{len(theirs)} keys")
    return ours, time.perf_counter() - began


def run() -> list[Row]:
    """Folder and bucket in turns, one step after the other."""
    with tempfile.TemporaryDirectory() as place, running_object_store() as store:
        file = Path(place) / "big.csv"
        duckdb.sql(CSV.format(file))
        digest = hashlib.sha256(b"big").hexdigest()
        remote = f"{store.prefix()}/ws"
        steps: dict[str, tuple[Step, ...]] = {
            "import": (lambda engine: loaded(engine, file, digest),),
            "scan": (lambda engine: query(engine, SCAN),) * 2,
            "export": (exported,) * 2,
            "first query": (lambda engine: query(engine, WHOLE),),
        }
        folder: dict[str, float] = {}
        bucket: dict[str, float] = {}
        for name, parts in steps.items():
            folder |= named(name, asyncio.run(measured(Path(place) / "folder", None, None, *parts)))
            bucket |= named(name, asyncio.run(measured(Path(place) / "bucket", store, remote, *parts)))
            if name == "import":
                bucket |= named("again", asyncio.run(measured(Path(place) / "bucket", store, remote, steps["scan"][0])))
                shutil.rmtree(Path(place) / "bucket" / "cache" / "tables")  # from here on as on another machine
        peer = plain(store, remote)
        page, whole = listed(store, f"{store.prefix()}/ws")
    aims = {"import": COLD, "scan cold": COLD, "scan warm": WARM, "export cold": COLD, "export warm": WARM}
    rows = [_row(name, bucket[name], "a folder", folder[name], aim) for name, aim in aims.items()]
    again = _row(
        "scan by a new engine, written on this machine", bucket["again"], "a folder", folder["scan cold"], COLD
    )
    what = f"first page of a folder with {MANY:,} keys in JupyterLab"
    first = Row(what, f"{page:.2f} s", "all keys alone", f"{whole:.2f} s", "", f"≤ {PAGE} s", page <= PAGE)
    return [
        rows[0],
        again,
        *rows[1:],
        _row("first query over all columns", bucket["first query"], "httpfs alone", peer, PLAIN),
        first,
    ]


def _row(what: str, ours: float, peer: str, theirs: float, aim: float) -> Row:
    ratio = ours / theirs
    return Row(what, f"{ours:.2f} s", peer, f"{theirs:.2f} s", f"× {ratio:.2f}", f"≤ × {aim}", ratio <= aim)


if __name__ == "__main__":
    for line in run():
        print(line.markdown(), file=sys.stdout)
