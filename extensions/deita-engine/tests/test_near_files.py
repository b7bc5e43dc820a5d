"""What was written to a bucket from here is read here while there is room, and from the bucket otherwise."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deita_engine import reader as readers
from deita_engine.catalog import Catalog
from deita_engine.client import Engine, EngineConfig
from deita_engine.file_cache import FileCache
from deita_engine.lake_files import FolderFiles, NewFile
from deita_engine.lake_metadata import lake_metadata
from deita_engine.operations import Operation
from deita_engine.reader import Reader
from deita_engine.second_try import SecondTry
from deita_engine.shapes import ImportSpec, QuerySpec, UpkeepSpec

from tests.servers.object_store import ObjectStore

from .processor import until

Opened = Callable[[], Any]
EVERYTHING = "9999-01-01 00:00:00+00"


@pytest.fixture
def opened(config: EngineConfig, object_store: ObjectStore) -> Opened:
    """Engines of one workspace in a bucket, one after the other."""
    workspace = f"{object_store.prefix()}/01jws"

    async def access() -> dict[str, Any]:
        return object_store.issued(workspace)

    @asynccontextmanager
    async def engine(**more: Any) -> AsyncIterator[Engine]:
        engine = Engine(replace(config, remote=workspace, **more), access)
        yield engine
        await engine.stop()

    return engine


async def ran(engine: Engine, id: str, sql: str, mode: str = "read") -> Any:
    run = await engine.run(QuerySpec(id, sql, "me", mode, cache=False))  # type: ignore[arg-type]
    assert await run.wait(60)
    return json.loads(run.first_page or b"[]") if run.state == "done" else run.error


def kept(config: EngineConfig) -> set[str]:
    return {path.name for path in (config.storage / "cache" / "tables").glob("*.parquet")}


async def test_a_new_engine_reads_what_was_written_here_without_the_bucket(
    opened: Opened, config: EngineConfig, object_store: ObjectStore
) -> None:
    async with opened() as engine:
        await ran(engine, "a", "create table t as select range as a from range(1000)", "write")
    assert len(kept(config)) == 1
    async with opened() as engine:
        assert len(await engine.tables()) == 1
        with object_store.frozen():
            assert await ran(engine, "b", "select count(*), sum(a) from t") == [[1000, 499500]]
    for path in (config.storage / "cache" / "tables").iterdir():
        path.unlink()
    async with opened() as engine:
        assert await ran(engine, "c", "select count(*), sum(a) from t") == [[1000, 499500]]
    assert kept(config) == set()


async def test_what_is_far_is_written_in_fewer_and_smaller_pieces(opened: Opened, config: EngineConfig) -> None:
    async with opened() as engine:
        await ran(engine, "a", "create table t as select range as a, hash(range) as b from range(500000)", "write")
        (name,) = kept(config)
    metadata = f"parquet_metadata('{config.storage}/cache/tables/{name}')"
    groups = duckdb.sql(f"select distinct compression, row_group_id, row_group_num_rows from {metadata} order by 2")
    assert groups.fetchall() == [("ZSTD", 0, 491520), ("ZSTD", 1, 8480)]


@pytest.mark.parametrize(
    ("columns", "rows"), [(0, 491520), (8, 491520), (10, 368640), (16, 245760), (17, 122880), (5000, 122880)]
)
def test_groups_of_rows_are_larger_where_columns_are_few(columns: int, rows: int, tmp_path: Path) -> None:
    assert f" {rows})" in NewFile(tmp_path, "s3://there", far=True).options(columns)
    assert NewFile(tmp_path, "there").options(columns) == "(FORMAT parquet)"


async def test_wide_rows_take_no_more_memory_than_in_a_folder(opened: Opened, config: EngineConfig) -> None:
    wide = "select range as id, repeat(md5(range::varchar), 12) as a, repeat(md5((range + 1)::varchar), 12) as b"
    file = config.storage.parent / "wide.csv"
    duckdb.sql(f"{wide} from range(500000)").write_csv(str(file))
    async with opened(memory_bytes=420 * 2**20) as engine:
        run = await engine.import_file(ImportSpec("a", str(file), file.name, "0" * 64, "big", "me"))
        assert await run.wait(60) and run.state == "done", run.error
    async with opened(memory_bytes=1400 * 2**20) as engine:
        assert await ran(engine, "b", "create table more as from big", "write") == [[500000]]
        assert await ran(engine, "c", "select count(*), sum(length(a)) from more") == [[500000, 192000000]]


async def test_what_lost_its_end_is_read_from_the_bucket(opened: Opened, config: EngineConfig) -> None:
    async with opened() as engine:
        await ran(engine, "a", "create table t as select range as a from range(1000)", "write")
    (path,) = (config.storage / "cache" / "tables").iterdir()
    path.write_bytes(path.read_bytes()[:-100])
    async with opened() as engine:
        assert await ran(engine, "b", "select count(*), sum(a) from t") == [[1000, 499500]]


async def test_nothing_is_kept_beyond_the_bound(opened: Opened, config: EngineConfig) -> None:
    async with opened(cache_bytes=1000) as engine:
        await ran(engine, "a", "create table t as select hash(range) as a from range(10000)", "write")
        assert kept(config) == set()
        assert await ran(engine, "b", "select count(*) from t") == [[10000]]


async def test_what_the_lake_gives_up_is_given_up_here_too(opened: Opened, config: EngineConfig) -> None:
    async with opened() as engine:
        await ran(engine, "a", "create table t as select range as a from range(100)", "write")
        first = (await engine.commits())[0].snapshot
        await ran(engine, "b", "delete from t", "write")
        before = kept(config)
        await engine.restore_table("t", first, "me")
        assert len(kept(config)) == 2 > len(before), "the copy that the store made is kept by the same bytes"
        assert await ran(engine, "c", "select count(*) from t") == [[100]]
        await engine.drop_table("t", "me")
        await engine.upkeep(UpkeepSpec(kept=(), known=2**40, before=EVERYTHING, grace_s=0.0))
    assert kept(config) == set()


async def test_a_renewal_keeps_what_a_running_statement_reads(config: EngineConfig, object_store: ObjectStore) -> None:
    workspace, renewals = f"{object_store.prefix()}/01jws", count()

    async def access() -> dict[str, Any]:
        issued = object_store.issued(workspace)
        return issued | {"storage": issued["storage"] | {"expires_at": f"{next(renewals):012}"}}

    engine = Engine(replace(config, remote=workspace), access)
    await ran(engine, "a", "create table t as select range as a from range(1000)", "write")
    (name,) = kept(config)
    path = config.storage / "cache" / "tables" / name
    long = await engine.run(
        QuerySpec("b", "select count(*) from t, range(1000000000) r where hash(a, r.range) = 1", "me")
    )
    await until(lambda: long.state == "running")
    os.utime(path, (0, 0))
    assert await ran(engine, "c", "select 1") == [[1]]
    assert path.stat().st_mtime > 0
    await engine.stop()


class NearFiles(FolderFiles):
    """A lake in a folder, of which some is kept elsewhere, too."""

    def __init__(self, root: Path, near: Path) -> None:
        super().__init__(root)
        self._near = near

    def near(self, location: str, size: int) -> str:
        place = self._near / Path(location).name
        if not place.exists():
            return location
        os.utime(place)
        return str(place)

    @property
    def openable(self) -> list[str]:
        return [*super().openable, str(self._near)]


async def test_what_is_no_longer_near_is_read_from_its_place(
    config: EngineConfig, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ran(engine, "a", "create table t as select range as a from range(10)", "write")
    near = tmp_path / "near"
    near.mkdir()
    (written,) = (config.storage / "lake").rglob("*.parquet")
    duckdb.sql("select 42::bigint as a").write_parquet(str(near / written.name))  # to tell them apart
    monkeypatch.setattr(readers, "NEAR_S", -1.0)
    metadata = lake_metadata({}, config.storage, tmp_path, None, writes=True)
    reader = Reader(Catalog(metadata.source, NearFiles(config.storage / "lake", near)), tmp_path, 2**28, 1, 1)

    def total() -> int:
        with reader.cursor() as (cursor, _):
            row = cursor.execute("select sum(a) from t").fetchone()
        assert row is not None
        return int(row[0])

    assert (total(), total()) == (42, 42)
    (near / written.name).unlink()
    assert (total(), total()) == (45, 45)
    reader.close()


async def test_a_file_that_is_back_is_read_again(
    config: EngineConfig, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ran(engine, "a", "create table t as select range as a from range(10)", "write")
    (written,) = (config.storage / "lake").rglob("*.parquet")
    away = written.rename(tmp_path / written.name)
    monkeypatch.setattr(readers, "NEAR_S", -1.0)
    lake_of = lake_metadata({}, config.storage, tmp_path, None, writes=True)
    reader = Reader(Catalog(lake_of.source, FolderFiles(config.storage / "lake")), tmp_path, 2**28, 1, 1)
    with reader.cursor() as (_, snapshot):
        assert set(snapshot.unreadable) == {"t"}
    away.rename(written)
    with reader.cursor() as (cursor, snapshot):
        assert not snapshot.unreadable and cursor.execute("select sum(a) from t").fetchall() == [(45,)]
    reader.close()


async def test_what_a_running_statement_reads_stays_when_the_keys_are_renewed(
    config: EngineConfig, engine: Engine, tmp_path: Path
) -> None:
    await ran(engine, "a", "create table t as select range as a from range(10)", "write")
    (written,) = (config.storage / "lake").rglob("*.parquet")
    near = tmp_path / "near"
    near.mkdir()
    kept = Path(shutil.copy(written, near / written.name))
    lake_of = lake_metadata({}, config.storage, tmp_path, None, writes=True)
    catalog = Catalog(lake_of.source, NearFiles(config.storage / "lake", near))
    reader, second = Reader(catalog, tmp_path, 2**28, 1, 1), SecondTry(catalog, tmp_path, 2**28, 1)

    def looked_at() -> bool:
        os.utime(kept, (0, 0))
        reader.stay_near()
        second.stay_near()
        return kept.stat().st_mtime > 0

    with reader.cursor():
        assert looked_at()
    assert not looked_at(), "nothing runs"
    with second.reader(Operation(1, "query", {}, lambda *_: None)) as alone, alone.cursor():
        assert looked_at()
    assert not looked_at()
    reader.close()


def test_what_is_offered_goes_before_what_was_asked_for(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 25, spared_s=1000)
    for name in ("asked", "offered", "late"):
        (tmp_path / name).write_bytes(b"0123456789")
    cache.offer(tmp_path / "asked", "asked")
    assert cache.held("asked") and cache.held("offered") is None
    cache.offer(tmp_path / "offered", "offered")
    cache.offer(tmp_path / "late", "late")
    assert {path.name for path in cache.folder.iterdir()} == {"asked", "late"}
