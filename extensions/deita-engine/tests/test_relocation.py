"""Where a lake's files go in a bucket, and lakes that are not whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.relocation import LakeFile, lake_files_of, relocate
from deita_engine.shapes import EngineError

Finished = Callable[..., Awaitable[Run]]
ROOT = "s3://bucket/prefix/id/lake"


@pytest.fixture
async def storage(engine: Engine, config: EngineConfig, load: Finished, query: Finished, tmp_path: Path) -> Path:
    """A lake with a table whose name no key should have, deleted rows and a second table."""
    given = tmp_path / "a.csv"
    given.write_text("a\n1\n2\n3\n")
    await load(given, "größe 1%")
    await query("create table t as select 1 as a", mode="write")
    await query("insert into t values (2), (3)", mode="write")
    await query("delete from t where a = 2", mode="write")
    await engine.stop()
    return config.storage.resolve()


def files_of(storage: Path) -> list[LakeFile]:
    return lake_files_of(storage / "lake.sqlite", storage / "lake")


async def test_every_file_gets_a_place_of_its_own_with_a_safe_name(storage: Path) -> None:
    files = files_of(storage)
    assert {file.path for file in files} == set((storage / "lake").rglob("*.parquet"))
    places = [file.place for file in files]
    assert len(set(places)) == len(places) == 4
    assert all(place.isascii() and " " not in place and "%" not in place for place in places)


async def test_the_catalog_names_the_new_places_and_no_old_one(storage: Path) -> None:
    files = files_of(storage)
    with sqlite3.connect(storage / "lake.sqlite") as connection:
        relocate(connection.execute, files, ROOT, "?")
        named = connection.execute("SELECT path FROM ducklake_data_file WHERE path_is_relative = 0").fetchall()
        data = connection.execute("SELECT value FROM ducklake_metadata WHERE key = 'data_path'").fetchall()
    connection.close()
    assert [path for (path,) in named] == [f"{ROOT}/{file.place}" for file in files if file.named_in_full]
    assert named and data == [(f"{ROOT}/",)]


@pytest.mark.parametrize("damage", ["missing", "shorter", "elsewhere"])
async def test_a_lake_that_is_not_whole_is_refused_by_name(storage: Path, damage: str) -> None:
    file = next(file for file in files_of(storage) if file.named_in_full)
    if damage == "missing":
        file.path.unlink()
    elif damage == "shorter":
        file.path.write_bytes(file.path.read_bytes()[:-1])
    else:
        with sqlite3.connect(storage / "lake.sqlite") as connection:
            connection.execute("UPDATE ducklake_data_file SET path = '/elsewhere/' || data_file_id")
        connection.close()
    with pytest.raises(EngineError, match="outside" if damage == "elsewhere" else file.path.name) as refused:
        files_of(storage)
    assert refused.value.code == "lake_damaged"
