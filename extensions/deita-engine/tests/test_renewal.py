"""Sessions that end while something runs with them: it goes on with the next ones."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deita_engine import access
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import EngineError, ImportSpec, QuerySpec
from deita_hub import settings
from deita_hub.broker.sts import SessionStorage
from pydantic_core import to_jsonable_python

from tests.servers.fault_proxy import FaultProxy, faults_before
from tests.servers.object_store import ObjectStore

ROWS, IMPORTED = 700_000, 50_000
AFTER = 4
"""A table's file is looked at twice, then comes a request for each row group, of which there are six."""


class Sessions:
    """The broker's sessions for one workspace, through the proxy."""

    def __init__(self, store: ObjectStore, faults: FaultProxy) -> None:
        objects = settings.load(store.settings()).objects
        assert objects is not None
        self._issuer, self._faults = SessionStorage(objects), faults
        self.workspace = f"{objects.url}/01jws"
        self._asked = 0
        self._issue()

    def _issue(self) -> None:
        storage = to_jsonable_python(self._issuer.issue("01jws", "me", "write"))
        self.issued = {
            "storage": {**storage, "endpoint": self._faults.endpoint},
            "database": {"kind": "sqlite", "url": None, "schema": None, "lake_schema": None, "expires_at": None},
        }

    async def renew(self) -> None:
        """Issue the next one; returns when every process has it."""
        self._issue()
        until = self._asked + 10
        while self._asked < until:  # each process asks by itself
            await asyncio.sleep(0.01)

    def end(self, key: str) -> None:
        self._faults.ended.append(key)

    async def access(self) -> dict[str, Any]:
        self._asked += 1
        return self.issued


@pytest.fixture(autouse=True)
def renewed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "RENEW_S", 0.05)


@pytest.fixture
def faults(object_store: ObjectStore) -> Iterator[FaultProxy]:
    with faults_before(object_store.endpoint) as proxy:
        yield proxy


@pytest.fixture
def sessions(object_store: ObjectStore, faults: FaultProxy) -> Sessions:
    return Sessions(object_store, faults)


@pytest.fixture
async def engine(config: EngineConfig, sessions: Sessions) -> AsyncIterator[Engine]:
    engine = Engine(replace(config, remote=sessions.workspace, cache_bytes=0), sessions.access)
    yield engine
    await engine.stop()


@pytest.fixture
async def cold(engine: Engine, query: Callable[..., Awaitable[Run]]) -> Engine:
    """An engine that has read nothing yet of the table `t`."""
    made = await query(f"create table t as select range as a, hash(range) as b from range({ROWS})", mode="write")
    assert made.state == "done", made.error
    await engine.stop()
    await engine.tables()
    return engine


async def end_in_the_middle(held: threading.Event, sessions: Sessions) -> None:
    """Once something was asked of the bucket and is not answered, the next session comes and the one before ends."""
    first = str(sessions.issued["storage"]["access_key_id"])
    assert await asyncio.to_thread(held.wait, 30)
    await sessions.renew()
    sessions.end(first)


async def test_a_query_and_what_is_exported_of_it(
    cold: Engine, faults: FaultProxy, sessions: Sessions, exported: Callable[..., Awaitable[bytes]]
) -> None:
    with faults.holding(AFTER) as held:
        run = await cold.run(QuerySpec("q", "select a, b % 10 as c from t order by a", "me"))
        await end_in_the_middle(held, sessions)
    assert await run.wait(60)
    assert (run.state, run.rows) == ("done", ROWS), run.error
    lines = list(csv.reader(io.StringIO((await exported("q", "csv")).decode())))
    assert [int(line[0]) for line in lines[1:]] == list(range(ROWS))


async def test_an_import(
    engine: Engine, query: Callable[..., Awaitable[Run]], faults: FaultProxy, sessions: Sessions, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("a,b\n" + "".join(f"{number},x{number}\n" for number in range(IMPORTED)))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    with faults.holding(1) as held:
        run = await engine.import_file(ImportSpec("i", str(file), file.name, digest, "rows", "me"))
        await end_in_the_middle(held, sessions)
    assert await run.wait(60)
    assert (run.state, run.rows) == ("done", IMPORTED), run.error
    counted = await query("select count(*), sum(a) from rows")
    assert counted.first_page == f"[[{IMPORTED},{IMPORTED * (IMPORTED - 1) // 2}]]".encode()


async def test_a_session_that_ends_without_a_next_one_is_told(cold: Engine, sessions: Sessions) -> None:
    sessions.end(sessions.issued["storage"]["access_key_id"])
    with pytest.raises(EngineError) as ended:
        await cold.run(QuerySpec("q", "select sum(b) from t", "me"))
    assert ended.value.code == "storage_unavailable"
